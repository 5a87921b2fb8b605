import type { Bearer } from './proxyLink.ts';

/** What happens to each PDU on its way; the default keeps all. */
export type Fate = 'deliver' | 'lose' | 'repeat';

/** A bearer that can also be cut, as by a device that reboots. */
export type CuttableBearer = Bearer & { cut(reason: string): void };

/** Two bearers wired to each other in one process: what one sends the other receives, in order. For tests and checks. */
export function bearerPair(
  maxOctets: number,
  fate: (pdu: Buffer) => Fate = () => 'deliver',
): [CuttableBearer, CuttableBearer] {
  const closing = new Set<(reason: string) => void>();
  const listeners: [Set<(pdu: Buffer) => void>, Set<(pdu: Buffer) => void>] = [new Set(), new Set()];
  const side = (own: 0 | 1): CuttableBearer => ({
    maxOctets,
    send(pdu) {
      const what = fate(pdu);
      const copies = what === 'lose' ? 0 : what === 'repeat' ? 2 : 1;
      return Promise.resolve().then(() => {
        for (let i = 0; i < copies; i++) for (const listener of listeners[own === 0 ? 1 : 0]) listener(pdu);
      });
    },
    onReceive(listener) {
      listeners[own].add(listener);
      return () => void listeners[own].delete(listener);
    },
    onClose(listener) {
      closing.add(listener);
      return () => void closing.delete(listener);
    },
    cut(reason) {
      for (const listener of closing) listener(reason);
    },
  });
  return [side(0), side(1)];
}

/** Loses and repeats complete network PDUs with the given probabilities, always the same way for the same seed. */
export function lossy(seed: number, loss: number, repeat: number): (pdu: Buffer) => Fate {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return (pdu) => {
    if (pdu[0] !== 0) return 'deliver';
    const at = random();
    return at < loss ? 'lose' : at < loss + repeat ? 'repeat' : 'deliver';
  };
}
