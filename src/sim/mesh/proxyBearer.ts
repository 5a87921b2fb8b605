import { type LinkFate, ON_TIME } from '../../link/impair.ts';
import type { NetworkPdu } from '../../mesh/codec/network.ts';
import { filterType, proxyType } from '../../mesh/codec/proxy.ts';
import type { Bearer } from '../../mesh/stack/proxyLink.ts';

/** The addresses that a client of the proxy wants to hear of (Mesh Protocol 6.4). A new connection has an empty accept list. */
export class ProxyFilter {
  #type: number = filterType.ACCEPT_LIST;
  readonly #addresses = new Set<number>();

  get type(): number {
    return this.#type;
  }

  get size(): number {
    return this.#addresses.size;
  }

  /** Empties the list. */
  setType(type: number): void {
    this.#type = type;
    this.#addresses.clear();
  }

  add(addresses: readonly number[]): void {
    for (const address of addresses) this.#addresses.add(address);
  }

  remove(addresses: readonly number[]): void {
    for (const address of addresses) this.#addresses.delete(address);
  }

  /** The server learns the client's own addresses from what it sends. */
  heardFrom(address: number): void {
    if (this.#type === filterType.ACCEPT_LIST) this.#addresses.add(address);
    else this.#addresses.delete(address);
  }

  passes(address: number): boolean {
    return this.#addresses.has(address) === (this.#type === filterType.ACCEPT_LIST);
  }
}

/** What stands between the proxy and the network layer of the node. */
export interface BetweenLayers {
  /** Losses and repetitions of network PDUs. */
  readonly fate: LinkFate;
  /** A network PDU in clear, undefined for one of another network. */
  readonly open: (payload: Buffer) => NetworkPdu | undefined;
  readonly filter: ProxyFilter;
}

const COMPLETE_NETWORK_PDU = proxyType.NETWORK_PDU;

/** The bearer of a proxy connection with the proxy's filter and, between proxy and network layer, a bad network. */
export function proxyBearer(inner: Bearer, { fate, open, filter }: BetweenLayers): Bearer {
  const isNetwork = (pdu: Buffer): boolean => pdu[0] === COMPLETE_NETWORK_PDU;
  return {
    get maxOctets() {
      return inner.maxOctets;
    },
    async send(pdu) {
      if (!isNetwork(pdu)) return inner.send(pdu);
      const clear = open(pdu.subarray(1));
      if (clear !== undefined && !filter.passes(clear.dst)) return;
      const copies = fate.out();
      if (copies === ON_TIME) return inner.send(pdu);
      for (const ms of copies) later(ms, () => void inner.send(pdu).catch(() => undefined));
    },
    onReceive: (listener) =>
      inner.onReceive((pdu) => {
        if (!isNetwork(pdu)) return listener(pdu);
        const clear = open(pdu.subarray(1));
        if (clear !== undefined) filter.heardFrom(clear.src);
        for (const ms of fate.in()) later(ms, () => listener(pdu));
      }),
    onClose: (listener) => inner.onClose(listener),
  };
}

/** What is on time keeps its place. */
function later(ms: number, run: () => void): void {
  if (ms === 0) run();
  else setTimeout(run, ms);
}
