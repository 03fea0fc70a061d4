import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { throwError, type Observable } from 'rxjs';
import {
  asProblem,
  isProblem,
  preferredLanguage,
  problem,
  toOperationOutcome,
  toProblemJson,
  type Problem,
  type ProblemCode,
} from '@medshare/problems';

/** HTTP statuses that Nest and Express themselves give, and what they mean here. Whatever else they say is internal. */
const codes: Readonly<Record<number, ProblemCode>> = {
  400: 'request.malformed',
  401: 'auth.unauthenticated',
  403: 'auth.forbidden',
  404: 'request.not-found',
  405: 'request.method-not-allowed',
  406: 'request.not-acceptable',
  408: 'request.timeout',
  409: 'request.conflict',
  410: 'request.gone',
  412: 'request.precondition-failed',
  413: 'request.too-large',
  415: 'request.unsupported-media-type',
  422: 'request.invalid',
  429: 'request.rate-limited',
};

/**
 * The edge: whatever was thrown becomes application/problem+json (RFC 9457) or, for FHIR callers, an OperationOutcome.
 * Texts of foreign errors and stacks stay inside; `onProblem` gets them for the log.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #onProblem: ((found: Problem, request: Request) => void) | undefined;

  constructor(onProblem?: (found: Problem, request: Request) => void) {
    this.#onProblem = onProblem;
  }

  /** On the bus an error stays what it is: the bus tries again, the inbox parks. */
  catch(caught: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() === 'rpc') return throwError(() => caught);
    return this.#answer(caught, host);
  }

  #answer(caught: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const found = problemOf(caught);
    this.#onProblem?.(found, request);
    if (response.headersSent) {
      // half an answer must not look like a whole one
      response.destroy();
      return;
    }
    // an unread body cannot be followed by another request
    if (!request.complete) response.setHeader('connection', 'close');
    const fhir = isFhir(request);
    response.status(found.status).type(fhir ? 'application/fhir+json' : 'application/problem+json');
    const language = preferredLanguage(request.headers['accept-language']);
    response.setHeader('content-language', language);
    response.send(JSON.stringify(fhir ? toOperationOutcome([found], language) : toProblemJson(found, { language })));
  }
}

function problemOf(caught: unknown): Problem {
  if (isProblem(caught)) return caught;
  const status = statusOf(caught);
  const code = status === undefined ? undefined : codes[status];
  return code === undefined ? asProblem(caught) : problem(code, { cause: caught });
}

/** The status of Nest's own exceptions and of errors by `http-errors`, which Express' parsers throw. */
function statusOf(caught: unknown): number | undefined {
  if (caught instanceof HttpException) return caught.getStatus();
  const { status, expose } = (caught ?? {}) as { status?: unknown; expose?: unknown };
  return caught instanceof Error && expose === true && typeof status === 'number' ? status : undefined;
}

const isFhir = (request: Request): boolean =>
  /(^|\/)fhir(\/|$)/.test(request.path) || /application\/fhir\+json/.test(request.headers.accept ?? '');
