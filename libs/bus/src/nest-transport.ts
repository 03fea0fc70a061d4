import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { BaseRpcContext, Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { asProblem, problem, type Problem } from '@medshare/problems';
import { traced } from '@medshare/telemetry';
import { isObservable, lastValueFrom, throwError, type Observable } from 'rxjs';
import type { Bus, BusMessage, Delivery, Subscription } from './bus.port.js';

/** What `@Ctx()` gives beside the payload, on every driver (declare the parameter `unknown`: Nest's decorator types want that). */
export class BusContext extends BaseRpcContext<[BusMessage, Delivery]> {
  get message(): BusMessage {
    return this.args[0];
  }

  get delivery(): Delivery {
    return this.args[1];
  }
}

interface BoundHandler {
  readonly topic: string;
  readonly group: string;
  readonly atOnce: number;
  readonly call: MessageHandler;
}

/**
 * Nest's microservices layer over the bus: `@EventPattern('record.received', { group: 'classifier' })`. The payload is the whole
 * {@link BusMessage}. What a handler throws reaches the bus, which tries again.
 */
export class BusServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  readonly #bus: Bus;
  readonly #bound: BoundHandler[] = [];
  #subscriptions: Subscription[] = [];

  /**
   * @param institution whose steps the handlers are
   * @param onFailure told of what a handler could not do: the first time, the second, the fourth, and so on; the bus tries again
   */
  constructor(
    bus: Bus,
    private readonly institution = '',
    private readonly onFailure: (found: Problem, of: { topic: string; group: string }) => void = () => undefined,
  ) {
    super();
    this.#bus = bus;
  }

  /** Nest would chain all handlers of a topic into one call, across groups; here each is consumed in its own group. */
  override addHandler(
    pattern: unknown,
    call: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const topic = this.normalizePattern(pattern as string);
    if (!isEventHandler)
      throw problem('config.invalid', { where: topic, detail: 'the bus has events only: use @EventPattern' });
    const { group, atOnce = 1 } = extras;
    if (typeof group !== 'string')
      throw problem('config.invalid', { where: topic, detail: 'an event handler names its group' });
    if (!Number.isSafeInteger(atOnce) || (atOnce as number) < 1)
      throw problem('config.invalid', { where: topic, detail: 'atOnce is a whole number from 1' });
    if (this.#bound.some((other) => other.topic === topic && other.group === group)) {
      throw problem('config.invalid', { where: topic, detail: `two handlers in the group ${group}` });
    }
    this.#bound.push({ topic, group, atOnce: atOnce as number, call });
  }

  /** topic and group of every handler */
  get subscriptions(): readonly { topic: string; group: string }[] {
    return this.#bound.map(({ topic, group }) => ({ topic, group }));
  }

  listen(callback: (error?: unknown) => void): void {
    const subscribe = ({ topic, group, atOnce, call }: BoundHandler) =>
      this.#bus.subscribe({
        topic,
        group,
        atOnce,
        handler: (message, delivery) =>
          this.traced(message, group, async () => {
            const result: unknown = await call(message, new BusContext([message, delivery]));
            if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
          }).catch((caught: unknown) => {
            if (Number.isInteger(Math.log2(delivery.attempt))) this.onFailure(asProblem(caught), { topic, group });
            throw caught;
          }),
      });
    void Promise.all(this.#bound.map(subscribe)).then(
      (subscriptions) => {
        this.#subscriptions = subscriptions;
        callback();
      },
      (caught: unknown) => callback(caught),
    );
  }

  /** A step of the trace that the event came with; an event without one is nobody's. */
  private traced(message: BusMessage, role: string, work: () => Promise<void>): Promise<void> {
    const { traceparent } = message.headers;
    if (traceparent === undefined) return work();
    const attributes = {
      'messaging.system': 'medshare',
      'messaging.destination.name': message.topic,
      'messaging.consumer.group.name': role,
    } as const;
    const place = { institution: this.institution, role };
    return traced(`process ${message.topic}`, place, { kind: 'consumer', parent: traceparent, attributes }, work);
  }

  /** Resolves when no handler runs any more; the bus itself stays open for whoever opened it. */
  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.close()));
  }

  on(): never {
    throw problem('internal', { detail: 'the bus has no lifecycle events' });
  }

  unwrap<T>(): T {
    return this.#bus as T;
  }
}

/** Nest hides an unknown error of a handler behind "Internal server error"; on the bus it stays what it is. */
@Catch()
export class BusExceptionFilter implements RpcExceptionFilter<unknown> {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
