import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { jsonSchemaOf, yamlFiles, type YamlFile } from './json-schemas.ts';
import { schemaPath } from './names.ts';

const root = join(import.meta.dirname, '..', '..');
/** What an editor would say: by the published schema alone. */
const problems = (file: YamlFile, value: unknown) =>
  z.fromJSONSchema(JSON.parse(jsonSchemaOf(file)) as z.core.JSONSchema.JSONSchema).safeParse(value).error?.issues ?? [];
const outages = readdirSync(join(root, 'scenarios')).filter((name) => name.endsWith('.yaml'));

describe('the JSON Schemas of the files that users write', () => {
  it.each(yamlFiles)(
    '%s is published as it is (npx vitest run --project unit json-schemas -u writes it)',
    async (file) => {
      await expect(jsonSchemaOf(file)).toMatchFileSnapshot(join(root, schemaPath(file)));
    },
  );

  it.each(outages)('holds for %s', (file) => {
    expect(problems('outage', parse(readFileSync(join(root, 'scenarios', file), 'utf8')))).toEqual([]);
  });

  it.each(yamlFiles)('holds for the template of %s', (file) => {
    expect(problems(file, parse(readFileSync(join(root, 'harness/own/templates', `${file}.yaml`), 'utf8')))).toEqual(
      [],
    );
  });

  it('does not hold for a field that there is not', () => {
    const outage = parse(readFileSync(join(root, 'scenarios/taint-all.yaml'), 'utf8')) as object;
    expect(problems('outage', { ...outage, brakes: ['dns'] })).not.toEqual([]);
  });
});
