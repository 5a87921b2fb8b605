import { TesterError } from '../../core/errors.ts';
import { type BeaconKeys, beaconKeysOf } from '../codec/beacons.ts';
import { k2, k4, virtualAddress } from '../codec/keys.ts';
import type { KeyMark } from '../codec/lowerTransport.ts';
import { hexNumber } from '../../core/layout/names.ts';
import { NetworkCipher } from '../codec/network.ts';

/** The key of an access message: an application key by its index, or the device key of the node at this primary address. */
export type KeyName = { readonly app: number } | { readonly dev: number };

/** A key with what the transport layer needs to know about it. */
export interface NamedKey extends KeyMark {
  readonly name: KeyName;
  readonly key: Buffer;
}

interface NodeKey {
  readonly elements: number;
  readonly key: NamedKey;
}

/** `app:0` or `dev:0x0201`, as keys stand in the event log. */
export function printKey(name: KeyName): string {
  return 'app' in name ? `app:${name.app}` : `dev:${hexNumber(name.dev, 4)}`;
}

/** The keys that the tester holds for one network. */
export class KeyRing {
  readonly netKey: Buffer;
  readonly network: NetworkCipher;
  readonly beacons: BeaconKeys;
  readonly #appKeys = new Map<number, NamedKey>();
  readonly #nodes = new Map<number, NodeKey>();
  readonly #labels = new Map<number, Buffer[]>();

  constructor(netKey: Buffer) {
    this.netKey = netKey;
    this.network = new NetworkCipher(k2(netKey));
    this.beacons = beaconKeysOf(netKey);
  }

  /** An AppKey under its index; an earlier one of that index is replaced. */
  addAppKey(index: number, key: Buffer): void {
    this.#appKeys.set(index, { name: { app: index }, key, akf: true, aid: k4(key) });
  }

  /** A provisioned node: its device key serves configuration messages to and from any of its elements. */
  addNode(primary: number, elements: number, key: Buffer): void {
    this.#nodes.set(primary, { elements, key: { name: { dev: primary }, key, akf: false, aid: 0 } });
  }

  /** Forgets the device key of a node that has left. */
  removeNode(primary: number): void {
    this.#nodes.delete(primary);
  }

  /** Makes messages to this label's virtual address readable; returns the address. */
  addLabel(label: Buffer): number {
    const address = virtualAddress(label);
    const known = this.#labels.get(address) ?? [];
    if (!known.some((other) => other.equals(label))) this.#labels.set(address, [...known, label]);
    return address;
  }

  /** The labels that a virtual destination may stand for; one `undefined` for other addresses. */
  labels(dst: number): readonly (Buffer | undefined)[] {
    return dst >= 0x8000 && dst < 0xc000 ? (this.#labels.get(dst) ?? []) : [undefined];
  }

  /** The key of this name; a key that was never added is a TesterError. */
  get(name: KeyName): NamedKey {
    const found = 'app' in name ? this.#appKeys.get(name.app) : this.#nodes.get(name.dev)?.key;
    if (found === undefined) throw new TesterError('mesh-key', `no key ${printKey(name)} in the key ring`);
    return found;
  }

  /** The keys that a received message may be under. Device keys: the sender's, or the receiver's. */
  candidates(mark: KeyMark, src: number, dst: number): readonly NamedKey[] {
    if (mark.akf) return [...this.#appKeys.values()].filter((key) => key.aid === mark.aid);
    const owns =
      (address: number) =>
      ([primary, node]: [number, NodeKey]) =>
        address >= primary && address < primary + node.elements;
    const nodes = [...this.#nodes];
    return [...nodes.filter(owns(src)), ...nodes.filter(owns(dst))].map(([, node]) => node.key);
  }
}
