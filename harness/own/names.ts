/** Whether something is a name as outages, runbooks and alerts of a user's own have: lower-case letters, digits and dashes. */
export const isName = (text: string): boolean => /^[a-z0-9][a-z0-9-]*$/.test(text);

/** What is nearest to a text among names; empty where nothing of it is left. */
export const nameFrom = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** The path, in the project, of the JSON Schema of a kind of YAML file that users write. */
export const schemaPath = (file: string): string => `docs/schemas/${file}.schema.json`;
