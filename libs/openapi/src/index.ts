export {
  Documented,
  documentationOf,
  documentedHandlers,
  type Documentation,
  type DocumentedHandler,
  type Example,
  type FhirClaim,
} from './documented.js';
export { findUndocumented } from './find-undocumented.js';
export { makeCapabilities, type Server } from './make-capabilities.js';
export { makeDocuments, type OpenApiDocument } from './make-document.js';
export { routeOf, routesOf, type Route } from './route-of.js';
