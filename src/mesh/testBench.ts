import { type Ev, type EventSink, memorySink } from '../core/events.ts';
import { bearerPair, type CuttableBearer, type Fate } from './stack/bearerPair.ts';
import { KeyRing } from './stack/keyRing.ts';
import { MeshStack } from './stack/meshStack.ts';
import { testerSarTiming } from './stack/sarTiming.ts';
import { memoryStore } from './stack/stateStore.ts';
import { manualTimers, type ManualTimers } from './stack/timers.ts';

/** Keys and addresses of the unit tests' network (those of the published sample data). */
export const benchNetwork = {
  netKey: Buffer.from('7dd7364cd842ad18c17c2b820c84c3d6', 'hex'),
  appKey: Buffer.from('63964771734fbd76e3b40519d1d94a48', 'hex'),
  devKey: Buffer.from('9d6dd0e96eb25dc19a40ed9914f8f03f', 'hex'),
  ivIndex: 0x12345678,
  tester: [1, 2, 3],
  node: [0x0201, 0x0202],
} as const;

/** A stack with what it recorded. */
export interface BenchSide {
  readonly stack: MeshStack;
  readonly sink: EventSink & { readonly events: readonly Ev[] };
}

/** Two stacks of one network on one wire, on timers that only the test moves. */
export interface MeshBench {
  readonly tester: BenchSide;
  readonly node: BenchSide;
  /** Both ends of the wire, each of which can be cut. */
  readonly bearers: readonly [CuttableBearer, CuttableBearer];
  readonly timers: ManualTimers;
  /** Lets time pass until the promise settles, at most `ms`. */
  turn<T>(promise: Promise<T>, ms?: number): Promise<T>;
}

/** Makes the bench; `fate` decides what becomes of each PDU on the wire. */
export function meshBench(fate?: (pdu: Buffer) => Fate, maxOctets = 66): MeshBench {
  const timers = manualTimers();
  const tester = side(benchNetwork.tester, timers);
  const node = side(benchNetwork.node, timers);
  const bearers = bearerPair(maxOctets, fate);
  tester.stack.attach(bearers[0]);
  node.stack.attach(bearers[1]);
  return {
    tester,
    node,
    bearers,
    timers,
    async turn(promise, ms = 600_000) {
      let settled = false;
      const done = promise.finally(() => {
        settled = true;
      });
      done.catch(() => undefined);
      const end = timers.now() + ms;
      while (!settled && timers.now() < end) await timers.advance(50);
      if (!settled) throw new Error(`still waiting after ${ms} ms`);
      return done;
    },
  };
}

/** One end with its own keys, store and log; only the network is common. */
function side(elements: readonly number[], timers: ManualTimers): BenchSide {
  const keys = new KeyRing(benchNetwork.netKey);
  keys.addAppKey(0, benchNetwork.appKey);
  keys.addNode(benchNetwork.node[0], 2, benchNetwork.devKey);
  const sink = memorySink(() => timers.now());
  const stack = new MeshStack({
    keys,
    elements,
    store: memoryStore(),
    iv: { ivIndex: benchNetwork.ivIndex, updating: false },
    sink,
    timers,
    sar: testerSarTiming,
    defaultTtl: 5,
    proxyReassemblyMs: 20_000,
  });
  return { stack, sink };
}
