// Reference pages made from the code: docs/config.md and docs/problems.md. Run node tools/build.mjs first.
// Usage: node tools/reference-docs.mjs [--check]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, settle } from './generated-files.mjs';

const load = (file) => import(pathToFileURL(join(root, file)).href);
const [{ describeConfig }, { problems, textOf, languages }] = await Promise.all([
  load('apps/medshare/dist/config.js'),
  load('libs/problems/dist/index.js'),
]);
const command = 'node tools/build.mjs && node tools/reference-docs.mjs';
const made = `<!-- Generated: ${command} -->\n`;

const config = `# Configuration

${made}
One YAML file an institution, checked at start: every mistake is named by its key and reason, and the process does not start. Paths are
relative to the file. The environment overrides the file: \`MEDSHARE_HTTP__PORT=8081\` sets \`http.port\` (two underscores step into a
section, one stands between words; lists and maps are written as YAML); an unknown \`MEDSHARE_…\` name is a mistake too.

${describeConfig()}`;

const rows = Object.entries(problems).map(
  ([code, { title, status, issue, hl7 }]) =>
    `| \`${code}\` | ${title} | ${status} | ${issue} | ${hl7 ? `${hl7.ack} ${hl7.error}` : ''} |`,
);
const headings = {
  en: ['What to do', 'code', 'means', 'what to do'],
  zh: ['处理办法', '代码', '含义', '处理办法'],
};
const catalogues = languages.map((language) => {
  const [heading, ...columns] = headings[language];
  const lines = Object.keys(problems).map((code) => {
    const { title, advice } = textOf(code, language);
    return `| \`${code}\` | ${title} | ${advice} |`;
  });
  return `## ${heading} (${language})\n\n| ${columns.join(' | ')} |\n| --- | --- | --- |\n${lines.join('\n')}\n`;
});
const problemCodes = `# Problems

${made}
Every refusal has one of these codes, wherever it is shown: \`code\` and \`type\` (\`urn:medshare:problem:<code>\`) of problem+json (RFC 9457),
\`details.coding\` of an OperationOutcome, ERR of an HL7 v2 acknowledgement. A code is never renamed or given another meaning. Texts are English or
Chinese, as Accept-Language prefers; an HL7 acknowledgement is English.

| code | means | HTTP status | FHIR issue | HL7 v2 |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

${catalogues.join('\n')}`;

settle(
  new Map([
    ['docs/config.md', config],
    ['docs/problems.md', problemCodes],
  ]),
  command,
);
