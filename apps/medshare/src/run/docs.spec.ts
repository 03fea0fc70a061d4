import { Validator } from '@seriousme/openapi-schema-validator';
import { Controller, Get, Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { documentedHandlers, findUndocumented, makeDocuments, routesOf } from '@medshare/openapi';
import { roleNames } from '@medshare/role';
import type { Config } from '../config.js';
import type { Assembled } from './assemble.js';
import { policyFiles } from './files.js';
import { InstitutionModule } from './institution.module.js';

type ControllerClass = { name: string; prototype: object };

/** Stands for whatever a module asks of its context: Nest's preview mode makes no provider, so nothing of it is used. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_, name) => given(name),
  apply: () => anything,
  construct: () => anything as object,
});

function given(name: string | symbol): unknown {
  if (name === 'policyFiles') return policyFiles;
  if (name === 'region') return { region: 'east', suite: 'intl', members: [], identifierSystems: [] };
  if (name === Symbol.toPrimitive) return () => 0;
  return name === Symbol.iterator || name === 'then' ? undefined : anything;
}

/** Every controller of the application with all roles, as Nest itself lists them. */
async function controllersOf(module: Parameters<typeof NestFactory.create>[0]): Promise<ControllerClass[]> {
  const app = await NestFactory.create(module, { preview: true, logger: false });
  const found = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
    [...controllers.values()].map(({ metatype }) => metatype as unknown as ControllerClass),
  );
  await app.close();
  return found;
}

const config = {
  mllp: { host: '127.0.0.1', port: 0, maxMessageBytes: 1024, feeds: [] },
  limits: { bodyBytes: 1024 },
} as unknown as Config;
const assembled = {
  verifier: anything,
  ledger: anything,
  oprfShare: new Uint8Array(32),
  databases: [],
  metrics: anything,
  contexts: new Map(roleNames.map((role) => [role, anything])),
} as unknown as Assembled;

describe('the API documents', () => {
  let controllers: ControllerClass[];
  beforeAll(async () => {
    controllers = await controllersOf(InstitutionModule.register(config, assembled));
  });

  it('say something of every route of every role', () => {
    expect(findUndocumented(controllers)).toEqual([]);
    const routes = controllers.flatMap((each) => routesOf(each));
    expect(routes.length).toBeGreaterThan(50);
    // and of nothing else
    const paths = [...makeDocuments(documentedHandlers()).values()].flatMap((document) =>
      Object.values(document.paths).flatMap((methods) => Object.keys(methods)),
    );
    expect(paths).toHaveLength(routes.length);
  });

  it('would be missed on a planted route without documentation', async () => {
    @Controller('planted')
    class PlantedController {
      @Get(':id')
      read(): string {
        return '';
      }
    }
    @Module({ controllers: [PlantedController] })
    class PlantedModule {}
    const found = findUndocumented(await controllersOf(PlantedModule));
    expect(found).toEqual([expect.stringMatching(/^GET \/planted\/\{id\} \(PlantedController\.read\) .*@Documented/)]);
  });

  it('are valid OpenAPI 3.1, by a validator that would tell', async () => {
    const validator = new Validator();
    const documents = [...makeDocuments(documentedHandlers())];
    for (const [name, document] of documents) {
      const { valid, errors } = await validator.validate(structuredClone(document) as never);
      expect([name, valid, errors]).toEqual([name, true, undefined]);
    }
    const broken = { ...structuredClone(documents[0]![1]), paths: { '/planted': { get: { responses: 3 } } } };
    expect((await validator.validate(broken as never)).valid).toBe(false);
  });
});
