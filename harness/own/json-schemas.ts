import { z } from 'zod';
import { outageFile } from './outage-file.ts';
import { sliFile } from './sli-file.ts';

/** The YAML files that users write, by the names of their published schemas. */
const files = {
  outage: { title: 'An outage of firedrill', schema: outageFile },
  slis: { title: 'SLIs of a workload, for firedrill', schema: sliFile },
} as const;

export type YamlFile = keyof typeof files;
export const yamlFiles = Object.keys(files) as readonly YamlFile[];

/** The JSON Schema of a file, for the completion and the checks of editors; what cannot be said in one is checked when the file is read. */
export function jsonSchemaOf(file: YamlFile): string {
  const { title, schema } = files[file];
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-07' }) }, null, 2)}\n`;
}
