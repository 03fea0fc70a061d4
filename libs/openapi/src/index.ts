export {
  Documented,
  documentationOf,
  documentedHandlers,
  type Documentation,
  type DocumentedHandler,
  type Example,
} from './documented.js';
export { findUndocumented } from './find-undocumented.js';
export { makeDocuments, type OpenApiDocument } from './make-document.js';
export { routeOf, routesOf, type Route } from './route-of.js';
