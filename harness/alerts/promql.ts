import { parser } from '@prometheus-io/lezer-promql';
import { FiredrillError } from '../model/errors.ts';
import { formatDuration, parseDuration } from './durations.ts';

/*
 * What an expression reads, and the same expression over other times. Upstream's own grammar tells; whether an expression is sound is promtool's to say.
 */

type Node = ReturnType<typeof parser.parse>['topNode'];

/** One label matcher: `namespace=~"kube-.*"`. */
export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}

/** A series selector of an expression. */
export interface Selector {
  /** Undefined for a selector by labels alone, and for one whose name is a regular expression. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
}

function children(node: Node): readonly Node[] {
  const out: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) out.push(child);
  return out;
}

function* all(node: Node, name: string): Generator<Node, void> {
  if (node.name === name) yield node;
  for (const child of children(node)) yield* all(child, name);
}

const unquote = (text: string): string =>
  text.startsWith('`') ? text.slice(1, -1) : text.slice(1, -1).replace(/\\(.)/g, '$1');

function selectorOf(node: Node, expr: string): Selector {
  const text = (of: Node | null): string => (of === null ? '' : expr.slice(of.from, of.to));
  let metric = node.getChild('Identifier') === null ? undefined : text(node.getChild('Identifier'));
  const matchers: Matcher[] = [];
  for (const child of children(node.getChild('LabelMatchers') ?? node)) {
    if (child.name === 'QuotedLabelName') metric = unquote(text(child));
    if (child.name !== 'UnquotedLabelMatcher' && child.name !== 'QuotedLabelMatcher') continue;
    const quoted = child.getChild('QuotedLabelName');
    const label = quoted === null ? text(child.getChild('LabelName')) : unquote(text(quoted));
    const op = text(child.getChild('MatchOp'));
    const value = unquote(text(child.getChild('StringLiteral')));
    if (label === '__name__' && op === '=') metric = value;
    matchers.push({ label, op, value });
  }
  return { metric, matchers };
}

/** Every series selector of an expression, in its order. */
export function selectorsOf(expr: string): readonly Selector[] {
  return [...all(parser.parse(expr).topNode, 'VectorSelector')].map((node) => selectorOf(node, expr));
}

/**
 * Which series an expression lacks so that it can never have a result: names of metrics none of which exist. Empty where it may have one. `absent(x)` has one
 * without `x`, `a or b` with either, and `a unless b` needs `a` only.
 * @param exists whether there is any series of that name
 */
export function missingFor(expr: string, exists: (metric: string) => boolean): readonly string[] {
  const missing = (node: Node): readonly string[] => {
    const below = children(node);
    const first = below[0];
    if (node.name === 'VectorSelector') {
      const { metric } = selectorOf(node, expr);
      return metric === undefined || exists(metric) ? [] : [metric];
    }
    if (node.name === 'FunctionCall') {
      const name = first === undefined ? '' : expr.slice(first.from, first.to);
      if (name === 'absent' || name === 'absent_over_time') return [];
    }
    if (node.name === 'BinaryExpr') {
      const last = below.at(-1);
      if (first === undefined || last === undefined) return [];
      const [left, right] = [missing(first), missing(last)];
      if (node.getChild('Or') !== null) return left.length === 0 || right.length === 0 ? [] : [...left, ...right];
      return node.getChild('Unless') === null ? [...left, ...right] : left;
    }
    return below.flatMap(missing);
  };
  return [...new Set(missing(parser.parse(expr).topNode))];
}

/** Whether it asks for the start or end of the query's range (`@ end()`), which for a rule is the instant of its evaluation. */
export const usesQueryRange = (expr: string): boolean =>
  !all(parser.parse(expr).topNode, 'AtModifierPreprocessors').next().done;

/**
 * The same expression over times that are `factor` as long: ranges, the two times of subqueries, offsets. What is compared, and what a function is told in
 * seconds (`predict_linear`), stays.
 * @throws FiredrillError `usage` for a time that is computed by more than sums of durations
 */
export function scaleExpression(expr: string, factor: number): string {
  const changes: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  for (const node of all(parser.parse(expr).topNode, 'NumberDurationLiteralInDurationContext')) {
    for (let up = node.parent; up?.name.endsWith('DurationExpr') === true; up = up.parent) {
      if (['Mul', 'Div', 'Mod', 'Pow'].some((op) => up.getChild(op) !== null)) throw cannotScale(expr, up);
    }
    const text = expr.slice(node.from, node.to);
    // A bare number is seconds.
    const ms = parseDuration(text) ?? Number(text) * 1000;
    if (!Number.isFinite(ms)) throw cannotScale(expr, node);
    changes.push({ from: node.from, to: node.to, text: formatDuration(ms * factor) });
  }
  return changes.reduceRight((text, { from, to, text: by }) => text.slice(0, from) + by + text.slice(to), expr);
}

const cannotScale = (expr: string, { from, to }: Node): FiredrillError =>
  new FiredrillError('usage', `cannot shorten the time ${expr.slice(from, to)} in ${expr}`, {
    hint: 'write it as a duration (5m), or test on trials of the profile stock only: --profile stock',
  });

/** What to draw of an alert's expression: the side that moves, and the line that it must cross where that is a number. */
export interface Drawable {
  readonly expr: string;
  readonly op?: string;
  readonly threshold?: number;
}

const comparisons = ['Eql', 'Neq', 'Gtr', 'Gte', 'Lss', 'Lte'];

/** Of `a > 5` it is `a` and 5; of `a > 5 and b` what that is of `a > 5`; of anything else the expression as it stands. */
export function drawable(expr: string): Drawable {
  const look = (node: Node): Drawable => {
    const below = children(node);
    const [first, last] = [below[0], below.at(-1)];
    if ((node.name === 'PromQL' || node.name === 'ParenExpr') && first !== undefined && below.length === 1)
      return look(first);
    if (node.name === 'BinaryExpr' && first !== undefined && last !== undefined) {
      if (node.getChild('And') !== null || node.getChild('Unless') !== null) return look(first);
      const op = comparisons.map((name) => node.getChild(name)).find(Boolean) ?? undefined;
      const threshold = Number(expr.slice(last.from, last.to));
      if (op !== undefined && Number.isFinite(threshold)) {
        return { expr: expr.slice(first.from, first.to), op: expr.slice(op.from, op.to), threshold };
      }
    }
    return { expr: expr.slice(node.from, node.to) };
  };
  return look(parser.parse(expr).topNode);
}
