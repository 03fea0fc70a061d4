/** Runs tasks one at a time, in the order they came. A task that fails does not stop the next. */
export class Gate {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
