import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of all processors' time, what must have been idle before one more job begins: the start of a run is the greater part of its work. */
const IDLE_SHARE = 0.15;
/** Real milliseconds over which that is looked at; two starts are at least so far apart. */
const LOOK_MS = 250;

/** Milliseconds that the processors were idle and that went by, over all of them. */
function times(): { readonly idle: number; readonly all: number } {
  const sums = cpus().map(({ times: t }) => ({ idle: t.idle, all: t.user + t.nice + t.sys + t.irq + t.idle }));
  return sums.reduce((a, b) => ({ idle: a.idle + b.idle, all: a.all + b.all }), { idle: 0, all: 0 });
}

/** Resolves when the processors were idle for a while; at once where so little runs that it cannot keep them busy. */
async function room(running: () => number): Promise<void> {
  for (let before = times(); ; ) {
    await sleep(LOOK_MS);
    const now = times();
    if (running() < availableParallelism() || now.idle - before.idle >= IDLE_SHARE * (now.all - before.all)) return;
    before = now;
  }
}

/**
 * Works off a list with at most so many at a time, in order; stops handing out when one rejects. Runs mostly wait for timers of their
 * standards, yet many that start together keep a processor from anything else, and a case whose timing a busy bench cannot judge ends INCONC:
 * one more begins only when the processors have time to spare.
 */
export async function pooled<A, B>(items: readonly A[], width: number, work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  let next = 0;
  let running = 0;
  let turn = Promise.resolve();
  const worker = async (): Promise<void> => {
    for (;;) {
      // One start after the other, each after a look of its own.
      const mine = turn.then(() => (next < items.length ? room(() => running) : undefined));
      turn = mine.catch(() => undefined);
      await mine;
      const i = next++;
      if (i >= items.length) return;
      running++;
      try {
        results[i] = await work(items[i] as A);
      } catch (e) {
        next = items.length;
        throw e;
      } finally {
        running--;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
