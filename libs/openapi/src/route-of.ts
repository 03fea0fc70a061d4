import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';

/** A route as Nest sees it. */
export interface Route {
  readonly method: string;
  /** OpenAPI's way of writing: `/messages/{id}` */
  readonly path: string;
}

/** @returns undefined for a method that answers no HTTP request */
export function routeOf(controller: object, handler: object): Route | undefined {
  const below = Reflect.getMetadata(PATH_METADATA, handler) as string | undefined;
  if (below === undefined) return undefined;
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  const prefix = (Reflect.getMetadata(PATH_METADATA, controller) as string | undefined) ?? '';
  const parts = `${prefix}/${below}`.split('/').filter(Boolean);
  const path = `/${parts.join('/')}`.replace(/:(\w+)/g, '{$1}');
  return { method: RequestMethod[method].toLowerCase(), path };
}

/** Every handler of a controller class that answers HTTP requests. */
export function routesOf(controller: { prototype: object }): { name: string; handler: object; route: Route }[] {
  return Object.entries(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(([name, { value }]) => {
    const isMethod = typeof value === 'function' && name !== 'constructor';
    const route = isMethod ? routeOf(controller, value as object) : undefined;
    return route ? [{ name, handler: value as object, route }] : [];
  });
}
