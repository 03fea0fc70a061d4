// Reference pages made from the code: docs/config.md, docs/problems.md, and the realm of Keycloak as a file to review. Run node tools/build.mjs first.
// Usage: node tools/reference-docs.mjs [--check]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, settle } from './generated-files.mjs';

const load = (file) => import(pathToFileURL(join(root, file)).href);
const [{ describeConfig }, { problems, textOf, languages }, { describeRealm }, { realmFile }] = await Promise.all([
  load('apps/medshare/dist/config.js'),
  load('libs/problems/dist/index.js'),
  load('apps/medshare/dist/realm/describe-realm.js'),
  load('apps/medshare/dist/realm/realm-file.js'),
]);
const command = 'node tools/build.mjs && node tools/reference-docs.mjs';
const made = `<!-- Generated: ${command} -->\n`;

const config = `# Configuration

${made}
One YAML file an institution, checked at start: every mistake is named by its key and reason, and the process does not start. Paths are
relative to the file. The environment overrides the file: \`MEDSHARE_HTTP__PORT=8081\` sets \`http.port\` (two underscores step into a
section, one stands between words; lists and maps are written as YAML); an unknown \`MEDSHARE_…\` name is a mistake too.

A file that holds a secret (a password, a token, a private key, a key-encryption key) may be read by its owner and its group and written by its owner alone:
mode 0600, or 0440 as a pod mounts it. With any other mode the process does not start, or does not use the file, and names it.

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

/** What `medshare realm print` gives for an institution with these addresses. */
const realm = describeRealm({
  institution: 'harbor',
  http: { host: '127.0.0.1', port: 8080, publicUrl: 'https://medshare.harbor.example' },
  identity: { issuer: 'https://sso.harbor.example/realms/harbor', audience: 'medshare' },
});

settle(
  new Map([
    ['deploy/keycloak/realm-harbor.json', `${JSON.stringify(realmFile(realm), null, 2)}\n`],
    ['docs/config.md', config],
    ['docs/problems.md', problemCodes],
  ]),
  command,
);
