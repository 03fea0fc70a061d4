import { SetMetadata } from '@nestjs/common';
import type { ProblemCode } from '@medshare/problems';
import type { z } from 'zod';

/** Who serves a route: a role, or the platform that every process carries. */
export type Owner = string;

/** One request that can be sent as it stands, after what only the moment knows (ids, signatures, times) was put in its place. */
export interface Example {
  /** path parameters */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** a text is sent as it is, anything else as JSON */
  readonly body?: unknown;
}

/** What a reader of `/docs` is told about one operation. Path, method and who may call are read from the handler itself. */
export interface Documentation {
  readonly owner: Owner;
  /** one line */
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly body?: { readonly type?: string; readonly shape: z.ZodType };
  /** `status` 200 and `type` application/json unless said otherwise */
  readonly answer: { readonly status?: number; readonly type?: string; readonly shape?: z.ZodType };
  /** what it may refuse with, beside what every route may (no token, not allowed, too many, internal) */
  readonly problems: readonly ProblemCode[];
  readonly example: Example;
  /** reachable on the mutual-TLS listener only */
  readonly peers?: 'region' | 'institution';
  /** what the CapabilityStatement says of a route on `/fhir`, as far as its path does not */
  readonly fhir?: FhirClaim;
}

/** http://hl7.org/fhir/R4/capabilitystatement.html */
export interface FhirClaim {
  /** that `{type}` in the path stands for */
  readonly types?: readonly string[];
  /** interactions of the whole system */
  readonly system?: readonly ('transaction' | 'batch')[];
  /** canonical address of an operation's definition */
  readonly operation?: string;
  /** search parameters, without those of paging */
  readonly search?: Readonly<Record<string, { type: 'date' | 'token' | 'reference'; documentation?: string }>>;
}

const key = Symbol('documentation');
type Method = (...args: never[]) => unknown;

/** A documented handler of a controller class. */
export interface DocumentedHandler {
  readonly controller: { readonly name: string; readonly prototype: object };
  readonly handler: Method;
  readonly documentation: Documentation;
}

const handlers: DocumentedHandler[] = [];

/** Documents the route of a controller's method; every route has one of these, or is answered by `@PeerHandler`. */
export const Documented =
  (documentation: Documentation): MethodDecorator =>
  (target, name, descriptor) => {
    SetMetadata(key, documentation)(target, name, descriptor);
    const { constructor } = target as { constructor: DocumentedHandler['controller'] };
    handlers.push({ controller: constructor, handler: descriptor.value as Method, documentation });
  };

export const documentationOf = (handler: object): Documentation | undefined =>
  Reflect.getMetadata(key, handler) as Documentation | undefined;

/** Every documented handler of the modules loaded so far, so that the documents can be made without a server. */
export const documentedHandlers = (): readonly DocumentedHandler[] => handlers;
