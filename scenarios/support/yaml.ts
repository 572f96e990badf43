/** A file's text as a value in YAML: behind `key: |`, moved in by so many spaces. */
export const indented = (text: string, spaces: number): string => text.trim().replace(/^(?=.)/gm, ' '.repeat(spaces));
