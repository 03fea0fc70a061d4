// JSON Schema (2020-12) of everything that crosses a process, from the zod shapes of libs/events (and the embedded ledger's). Run node tools/build.mjs first.
// Usage: node tools/schemas.mjs [--check | --release]     What a version promises: schemas/README.md
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { filesBelow, root, settle } from './generated-files.mjs';
import { brokenPromises, release, released } from './released-schemas.mjs';

const folder = 'libs/events/dist';
const load = (file) => import(pathToFileURL(join(root, file)).href);
const modulesIn = (path) =>
  Promise.all(
    filesBelow(`${folder}/${path}`)
      .filter((file) => file.endsWith('.js'))
      .map(load),
  );

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const isShape = (value) => value instanceof z.ZodType;
const isRoute = (value) => isShape(value?.request) && isShape(value?.response);
/** a document of its own names its version; what does not is a part of others */
const versionOf = (value) => (value instanceof z.ZodObject ? value.shape.version?.value : undefined);

const write = (shape, head) => {
  const { $schema, ...rest } = z.toJSONSchema(shape, { target: 'draft-2020-12' });
  return `${JSON.stringify({ $schema, ...head, ...rest }, null, 2)}\n`;
};

const event = ([topic, { version, schema }]) => [
  `schemas/events/${topic}.v${version}.json`,
  write(schema, { $id: `urn:medshare:event:${topic}:v${version}`, title: topic }),
];

const document = (kind) => (modules) =>
  modules
    .flatMap((module) => Object.entries(module))
    .filter(([, value]) => versionOf(value) !== undefined)
    .map(([name, value]) => {
      const version = versionOf(value);
      const text = write(value, { $id: `urn:medshare:${kind}:${kebab(name)}:v${version}`, title: kebab(name) });
      return [`schemas/${kind}/${kebab(name)}.v${version}.json`, text];
    });

const peerRoute = ({ name, path, audience, idempotent, maxBytes, maxResponseBytes, request, response }) => [
  `schemas/http/${name}.json`,
  write(z.strictObject({ request, response }), {
    $id: `urn:medshare:http:${name}`,
    title: name,
    $comment: `POST ${path}, audience ${audience}, ${idempotent ? 'idempotent' : 'not idempotent'}, request at most ${maxBytes} bytes, response at most ${maxResponseBytes} bytes`,
  }),
];

const publicShape = ([name, value]) => [
  `schemas/http/${kebab(name)}.json`,
  write(value, { $id: `urn:medshare:http:${kebab(name)}`, title: kebab(name) }),
];

const [{ catalogue }, chain, sealed, shared, embeddedLedger, http] = await Promise.all([
  load(`${folder}/catalogue.js`),
  load(`${folder}/chain.js`),
  load(`${folder}/sealed.js`),
  modulesIn('routes'),
  load('libs/ledger/dist/embedded-routes.js'),
  modulesIn('http'),
]);

/** the embedded ledger's own protocol stands beside its driver */
const routes = [...shared, embeddedLedger];

const generated = [
  ...Object.entries(catalogue).map(event),
  ...document('chain')([chain]),
  ...document('documents')([sealed, ...routes]),
  ...routes.flatMap((module) => Object.values(module).filter(isRoute).map(peerRoute)),
  ...http.flatMap((module) =>
    Object.entries(module)
      .filter(([, value]) => isShape(value))
      .map(publicShape),
  ),
].sort(([a], [b]) => (a < b ? -1 : 1));

// loading the roles' modules is what gathers their documented handlers
await load('apps/medshare/dist/run/institution.module.js');
const { documentedHandlers, makeDocuments } = await load('libs/openapi/dist/index.js');
for (const [name, document] of makeDocuments(documentedHandlers()))
  generated.push([`schemas/http/${name}.openapi.json`, `${JSON.stringify(document, null, 2)}\n`]);

const files = new Map(generated);
if (files.size !== generated.length) throw new Error('two shapes have one file');

const owned = ['events', 'chain', 'documents', 'http']
  .flatMap((kind) => filesBelow(`schemas/${kind}`))
  .filter((file) => !(file in released));
const samples = filesBelow('schemas/samples');
const standing = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined);

const broken = brokenPromises((file) => files.get(file) ?? standing(file));
for (const line of broken) process.stderr.write(`refused: ${line}\n`);
if (broken.length > 0) process.exit(1);

settle(files, 'node tools/build.mjs && node tools/schemas.mjs', { owned });
if (process.argv.includes('--release'))
  release([
    ...[...files].filter(([file]) => /\.v\d+\.json$/.test(file)),
    ...samples.map((file) => [file, standing(file)]),
  ]);
