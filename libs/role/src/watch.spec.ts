import { problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import { Watch } from './watch.js';

class Counting extends Watch {
  begun = 0;
  atOnce = 0;
  most = 0;
  end: () => void = () => undefined;
  fails = false;
  readonly failures: string[] = [];

  constructor(every: number) {
    super(every, (code) => void this.failures.push(code));
  }

  protected async measure(): Promise<void> {
    this.begun += 1;
    this.most = Math.max(this.most, (this.atOnce += 1));
    await new Promise<void>((resolve) => (this.end = resolve));
    this.atOnce -= 1;
    if (this.fails) throw problem('storage.unavailable');
  }
}

describe('a watch', () => {
  it('looks at once and again, never twice at a time, and ends with the look under way', async () => {
    const watch = new Counting(5);
    watch.onApplicationBootstrap();
    await eventually(() => watch.begun === 1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(watch.begun).toBe(1);
    watch.end();
    await eventually(() => watch.begun === 2);
    let stopped = false;
    const stopping = watch.onApplicationShutdown().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    const ending = setInterval(() => watch.end(), 1);
    await stopping;
    clearInterval(ending);
    const { begun } = watch;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([watch.begun, watch.most]).toEqual([begun, 1]);
  });

  it('tells what a look failed for, and goes on', async () => {
    const watch = new Counting(5);
    watch.fails = true;
    const looking = watch.look();
    watch.end();
    await looking;
    expect(watch.failures).toEqual(['storage.unavailable']);
  });
});
