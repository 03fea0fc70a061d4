import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { eventually, freshDatabase } from '@medshare/testkit';
import type { Bus, BusMessage } from './bus.port.js';
import { BusContext, BusExceptionFilter, BusServer } from './nest-transport.js';
import { openPostgresLog } from './postgres-log.driver.js';

const seen: [string, string, number][] = [];

@Controller()
class Classifier {
  @EventPattern('record.received', { group: 'classifier' })
  received(@Payload() message: BusMessage, @Ctx() given: unknown) {
    const context = given as BusContext;
    seen.push(['classifier', message.id, context.delivery.attempt]);
    expect(context.message).toEqual(message);
    if (message.id === 'bad' && context.delivery.attempt < 3) throw new Error('not yet');
  }
}

@Controller()
class Audit {
  @EventPattern('record.received', { group: 'audit' })
  received(@Payload() message: BusMessage) {
    seen.push(['audit', message.id, 0]);
  }
}

@Module({ controllers: [Classifier, Audit] })
class App {}

@Controller()
class Asking {
  @MessagePattern('record.asked')
  asked() {
    return 1;
  }
}
@Module({ controllers: [Asking] })
class Wrong {}

let bus: Bus;
beforeAll(async () => {
  const { url } = await freshDatabase();
  bus = await openPostgresLog({ url, pollEvery: 100 });
}, 120_000);
afterAll(() => bus.close());

describe('the bus as a Nest transport', () => {
  it('gives a topic to several groups of one application, each tried again alone', async () => {
    const told: unknown[] = [];
    const strategy = new BusServer(bus, 'harbor', ({ code }, of) => told.push({ code, ...of }));
    const app = await NestFactory.createMicroservice(App, { strategy, logger: false });
    app.useGlobalFilters(new BusExceptionFilter());
    await app.listen();
    expect(strategy.subscriptions).toHaveLength(2);
    const publish = (id: string) =>
      bus.publish([{ id, topic: 'record.received', key: 'k', headers: {}, value: { n: 1 } }]);
    for (const id of ['good', 'bad', 'next']) await publish(id);
    await eventually(() => seen.length === 8);
    const of = (group: string) => seen.filter(([name]) => name === group).map(([, id, attempt]) => `${id} ${attempt}`);
    expect(of('classifier')).toEqual(['good 1', 'bad 1', 'bad 2', 'bad 3', 'next 1']);
    expect(of('audit')).toEqual(['good 0', 'bad 0', 'next 0']);
    const failure = { code: 'internal', topic: 'record.received', group: 'classifier' };
    expect(told).toEqual([failure, failure]);
    await app.close();
    await publish('after');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen).toHaveLength(8);
  });

  it('refuses request and reply, a handler without a group, and two handlers in one group', async () => {
    const server = new BusServer(bus);
    const handler = () => Promise.resolve();
    expect(() => server.addHandler('a', handler, false, { group: 'g' })).toThrow('config.invalid');
    expect(() => server.addHandler('a', handler, true)).toThrow('config.invalid');
    server.addHandler('a', handler, true, { group: 'g' });
    server.addHandler('a', handler, true, { group: 'h' });
    expect(() => server.addHandler('a', handler, true, { group: 'g' })).toThrow('config.invalid');
    const wrong = await NestFactory.createMicroservice(Wrong, {
      strategy: new BusServer(bus),
      logger: false,
      abortOnError: false,
    });
    await expect(wrong.listen()).rejects.toMatchObject({ code: 'config.invalid' });
  });
});
