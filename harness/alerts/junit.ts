import { safe, type Markup } from '../reporters/markup.ts';
import type { TestResult } from './terminal.ts';

/**
 * A test of rules as JUnit XML: a case for each requirement, which fails where it is not met, and one for each damaged trial of the corpus, which is an
 * error. Without requirements there is one case, which passes: that the rules were evaluated.
 */
export function junitResult({ met, damaged, variants }: TestResult): string {
  const rules = variants[0]?.profiles.reduce((sum, p) => sum + p.rules.length, 0) ?? 0;
  const cases: readonly Markup[] = [
    ...met.map(
      ({ requirement, met: ok, why }) =>
        safe`<testcase classname="firedrill.alerts" name="${requirement.text}" time="0.000">${!ok && safe`<failure type="requirement" message="${why}"/>`}</testcase>
`,
    ),
    ...damaged.map(
      ({ name, why }) =>
        safe`<testcase classname="firedrill.alerts.corpus" name="${name}" time="0.000"><error type="damaged" message="${why}"/></testcase>
`,
    ),
    ...(met.length === 0
      ? [
          safe`<testcase classname="firedrill.alerts" name="${rules} alert rules were evaluated" time="0.000"></testcase>
`,
        ]
      : []),
  ];
  const failures = met.filter(({ met: ok }) => !ok).length;
  const counts = safe`tests="${cases.length}" failures="${failures}" errors="${damaged.length}" time="0.000"`;
  return safe`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="firedrill.alerts" ${counts}>
<testsuite name="firedrill.alerts" ${counts} skipped="0">
${cases}</testsuite>
</testsuites>
`.markup;
}
