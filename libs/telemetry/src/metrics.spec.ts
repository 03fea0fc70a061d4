import { createMetrics, createMetricsRegistry } from './index.js';

const series = (text: string) => text.split('\n').filter((line) => line && !line.startsWith('#'));

describe('metrics', () => {
  it('are counted, measured and shown as Prometheus reads them', async () => {
    const metrics = createMetrics('ingest');
    const received = metrics.counter('messages', 'Messages received', { type: ['adt', 'oru'] });
    received.add(1, { type: 'adt' });
    received.add(2, { type: 'adt' });
    metrics.gauge('queue_length', 'Waiting').set(4);
    const took = metrics.histogram('ack_seconds', 'Time to ACK', {}, [0.1, 1]);
    took.record(0.05);
    took.record(5);
    const text = await metrics.expose();
    expect(text).toContain('# HELP medshare_messages_total Messages received\n# TYPE medshare_messages_total counter');
    expect(series(text)).toEqual([
      'medshare_messages_total{role="ingest",type="adt"} 3',
      'medshare_queue_length{role="ingest"} 4',
      'medshare_ack_seconds_count{role="ingest"} 2',
      'medshare_ack_seconds_sum{role="ingest"} 5.05',
      'medshare_ack_seconds_bucket{role="ingest",le="0.1"} 1',
      'medshare_ack_seconds_bucket{role="ingest",le="1"} 1',
      'medshare_ack_seconds_bucket{role="ingest",le="+Inf"} 2',
    ]);
    expect(await metrics.expose()).toBe(text);
  });

  it('have no label value that was not declared', async () => {
    const metrics = createMetrics('vault');
    const parked = metrics.counter('parked', 'Parked', { code: ['internal'] });
    for (const code of ['internal', 'Mei Lin', 'Wei Chen', undefined])
      parked.add(1, code === undefined ? {} : { code });
    const undeclared = { patient: 'Mei Lin' };
    parked.add(1, undeclared as object);
    const text = await metrics.expose();
    expect(series(text)).toEqual([
      'medshare_parked_total{role="vault",code="internal"} 1',
      'medshare_parked_total{role="vault",code="other"} 4',
    ]);
    expect(text).not.toContain('Mei');
  });

  it('of several roles share a page', async () => {
    const registry = createMetricsRegistry();
    for (const role of ['vault', 'audit']) registry.forRole(role).counter('seen', 'Seen').add();
    const text = await registry.expose();
    expect(series(text)).toEqual(['medshare_seen_total{role="vault"} 1', 'medshare_seen_total{role="audit"} 1']);
    expect(text.match(/# TYPE medshare_seen_total/g)).toHaveLength(1);
  });

  it('are listed by the names of the page, before they have a value too', async () => {
    const registry = createMetricsRegistry();
    const metrics = registry.forRole('vault');
    const counter = metrics.counter('seen', 'Seen', { type: ['adt'] });
    const histogram = metrics.histogram('took_seconds', 'Took');
    const gauge = metrics.gauge('waiting', 'Waiting');
    const names = [...registry.series().keys()];
    expect(await registry.expose()).not.toContain('medshare_');
    counter.add();
    histogram.record(1);
    gauge.set(1);
    const shown = series(await registry.expose()).map((line) => line.replace(/\{.*/, ''));
    expect(new Set(names)).toEqual(new Set(shown));
    expect(registry.series().get('medshare_seen_total')).toEqual({ type: ['adt'] });
  });

  it.each(['Seen', 'a-b', '', '9'])('refuse the name %p', (name) => {
    expect(() => createMetrics('vault').counter(name, 'x')).toThrow('config.invalid');
  });
});
