import { Validator } from '@seriousme/openapi-schema-validator';
import { Controller, Get, Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { documentedHandlers, findUndocumented, makeDocuments, routesOf } from '@medshare/openapi';
import { hollowInstitution } from './hollow-institution.fixture.js';

type ControllerClass = { name: string; prototype: object };

/** Every controller of the application with all roles, as Nest itself lists them. */
async function controllersOf(module: Parameters<typeof NestFactory.create>[0]): Promise<ControllerClass[]> {
  const app = await NestFactory.create(module, { preview: true, logger: false });
  const found = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
    [...controllers.values()].map(({ metatype }) => metatype as unknown as ControllerClass),
  );
  await app.close();
  return found;
}

describe('the API documents', () => {
  let controllers: ControllerClass[];
  beforeAll(async () => {
    controllers = await controllersOf(hollowInstitution());
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
