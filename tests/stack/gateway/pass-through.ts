import { status as codes, type ServiceError } from '@grpc/grpc-js';
import { asGatewayError, GatewayError } from './gateway-error.js';

interface Upstream<T> {
  on(event: 'data', take: (message: T) => void): unknown;
  on(event: 'error', take: (error: ServiceError) => void): unknown;
  on(event: 'end', take: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  cancel(): void;
}

interface Client<R> {
  on(event: 'cancelled', take: () => void): unknown;
  once(event: 'drain', take: () => void): unknown;
  write(message: R): boolean;
  end(): void;
  emit(event: 'error', error: Error): unknown;
}

/** Gives a client what comes from a peer, as fast as the client takes it; either end ends the other. @param map undefined: passed over */
export function passThrough<T, R>(upstream: Upstream<T>, client: Client<R>, map: (message: T) => R | undefined): void {
  let over = false;
  const stop = (error?: GatewayError) => {
    if (over) return;
    over = true;
    upstream.cancel();
    // grpc-js ends a call with a status only by this event
    if (error) client.emit('error', error);
    else client.end();
  };
  client.on('cancelled', () => stop(new GatewayError(codes.CANCELLED, 'context canceled')));
  upstream.on('error', ({ code, details }) => stop(new GatewayError(code, details)));
  upstream.on('end', () => stop());
  upstream.on('data', (message) => {
    if (over) return;
    try {
      const mapped = map(message);
      if (mapped === undefined || client.write(mapped)) return;
      upstream.pause();
      client.once('drain', () => upstream.resume());
    } catch (caught) {
      stop(asGatewayError(caught));
    }
  });
}
