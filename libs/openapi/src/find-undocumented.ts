import { documentationOf } from './documented.js';
import { routesOf } from './route-of.js';

/** Routes of the controllers that `/docs` says nothing of, one line each, with what to write. */
export function findUndocumented(controllers: readonly { name: string; prototype: object }[]): string[] {
  return controllers.flatMap((controller) =>
    routesOf(controller)
      .filter(({ handler }) => documentationOf(handler) === undefined)
      .map(
        ({ name, route: { method, path } }) =>
          `${method.toUpperCase()} ${path} (${controller.name}.${name}) is not documented: write above it @Documented({ owner, summary, body?: { shape }, ` +
          `query?, answer: { shape }, problems: [codes], example: { params?, query?, body? } }) from @medshare/openapi, then ` +
          `run node tools/build.mjs && node tools/schemas.mjs, and give its example a turn in tests/docs/examples.spec.ts`,
      ),
  );
}
