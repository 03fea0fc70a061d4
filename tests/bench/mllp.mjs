import { connect } from 'node:net';
import { once } from 'node:events';

const end = Buffer.from([0x1c, 0x0d]);
const framed = (message) => Buffer.concat([Buffer.from([0x0b]), message, end]);

/** A sender that keeps at most `inFlight` messages unanswered on one connection. */
export class MllpSender {
  #socket;
  #rest = Buffer.alloc(0);
  #unanswered = 0;
  #refused = 0;
  #wake = () => undefined;
  #fault;

  static async to(port) {
    const sender = new MllpSender();
    sender.#socket = connect(port, '127.0.0.1');
    sender.#socket.setNoDelay(true);
    await once(sender.#socket, 'connect');
    sender.#socket.on('data', (chunk) => sender.#hear(chunk));
    sender.#socket.on('error', (error) => sender.#fail(error));
    sender.#socket.on('close', () => sender.#fail(new Error('the connection was closed')));
    return sender;
  }

  async send(message, inFlight = Infinity) {
    while (this.#unanswered >= inFlight) await this.#answer();
    this.#unanswered += 1;
    this.#socket.write(framed(message));
  }

  /** Resolves when every message was acknowledged with AA. */
  async settle() {
    while (this.#unanswered > 0) await this.#answer();
    if (this.#refused > 0) throw new Error(`${this.#refused} messages were refused`);
  }

  close() {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #answer() {
    if (this.#fault) throw this.#fault;
    return new Promise((resolve, reject) => (this.#wake = () => (this.#fault ? reject(this.#fault) : resolve())));
  }

  #fail(error) {
    this.#fault = error;
    this.#wake();
  }

  #hear(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let at; (at = this.#rest.indexOf(end)) >= 0; this.#rest = this.#rest.subarray(at + end.length)) {
      this.#unanswered -= 1;
      if (!this.#rest.subarray(0, at).includes('\rMSA|AA|')) this.#refused += 1;
    }
    this.#wake();
  }
}

/** Sends messages over several connections. @returns seconds from the first byte to the last acknowledgement */
export async function burst({ port, connections, inFlight, from, count, messageOf }) {
  const senders = await Promise.all(Array.from({ length: connections }, () => MllpSender.to(port)));
  try {
    const began = performance.now();
    await Promise.all(
      senders.map(async (sender, index) => {
        // a patient's messages stay on one connection
        const each = Math.ceil(count / connections);
        const last = Math.min(count, (index + 1) * each);
        for (let n = index * each; n < last; n += 1) await sender.send(messageOf(from + n), inFlight);
        await sender.settle();
      }),
    );
    return (performance.now() - began) / 1000;
  } finally {
    for (const sender of senders) sender.close();
  }
}
