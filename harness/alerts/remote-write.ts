/*
 * Prometheus' remote write, 1.0: the one way into a running server by which a series can end (a stale marker), as a recorded one does. A protobuf message in
 * Snappy's block format. Source: Prometheus, "Remote-Write 1.0 specification"; google/snappy, format_description.txt.
 */

/** Samples of one series; a value of `undefined` says that the series has ended. Unix ms, ascending. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [atMs: number, value: number | undefined])[];
}

/** The one NaN by which Prometheus marks the end of a series. Source: prometheus/prometheus, model/value/value.go. */
const staleMarker = 0x7ff0000000000002n;

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt(value);
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left > 0n ? low | 0x80 : low);
  } while (left > 0n);
  return Buffer.from(bytes);
}

/** A field whose value has a length: a text or a message. */
const field = (number: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(body.length), body]);

function sample(atMs: number, value: number | undefined): Buffer {
  const double = Buffer.alloc(9);
  double[0] = (1 << 3) | 1;
  if (value === undefined) double.writeBigUInt64LE(staleMarker, 1);
  else double.writeDoubleLE(value, 1);
  return Buffer.concat([double, Buffer.from([2 << 3]), varint(atMs)]);
}

function timeSeries({ labels, samples }: Series): Buffer {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    ...sorted.map(([name, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
    ),
    ...samples.map(([atMs, value]) => field(2, sample(atMs, value))),
  ]);
}

/** Snappy without compression: everything is a literal. */
function snappy(body: Buffer): Buffer {
  const parts = [varint(body.length)];
  for (let at = 0; at < body.length; at += 65_536) {
    const piece = body.subarray(at, at + 65_536);
    // 61: the length minus one follows in two bytes.
    const tag = Buffer.from([61 << 2, 0, 0]);
    tag.writeUInt16LE(piece.length - 1, 1);
    parts.push(tag, piece);
  }
  return Buffer.concat(parts);
}

/** The body of a request that writes these series. */
export const writeRequest = (series: readonly Series[]): Buffer =>
  snappy(Buffer.concat(series.map((each) => field(1, timeSeries(each)))));
