import { decodeAccess, valueOf } from '../../mesh/codec/access.ts';
import type { Layout, Value } from '../../core/layout/layout.ts';
import { encodeMessage, type MessageType } from '../../mesh/codec/message.ts';
import { manualTimers, type ManualTimers } from '../../mesh/stack/timers.ts';
import type { Behaviour } from './behaviour.ts';
import { makeModels, type NodeModels, savedModels } from './models.ts';
import { type Options, presetOptions } from './options.ts';
import { FACTORY, type Saved } from './saved.ts';

/** The models of a node on timers that only the test moves, with nothing between them and the test but octets. */
export interface ModelBench {
  readonly models: NodeModels;
  readonly timers: ManualTimers;
  saved(): Saved;
  /** Firmware that was installed, hex, with the change that it brings. */
  readonly installed: readonly string[];
  /** Sends a message to the element and returns what came back first; undefined for silence. */
  ask<Q extends Layout, A extends Layout>(
    type: MessageType<Q, MessageType<A>>,
    value: Value<Q>,
    element?: number,
  ): Value<A> | undefined;
  /** Sends a message that nobody answers. */
  tell<Q extends Layout>(type: MessageType<Q>, value: Value<Q>, element?: number): void;
  /** Access PDUs that the node has sent and nobody has looked at, hex; looking takes them. */
  sent(): string[];
  /** The same node after a power cut. */
  restart(): ModelBench;
  /** Where what it sends goes, in place of `sent`. */
  wire: ((pdu: Buffer, to: number, element: number) => void) | undefined;
  /** Hands a message to an element. */
  deliver(pdu: Buffer, element: number, from: number): void;
}

/** Address of the test's client. */
export const CLIENT = 0x0001;

/** Makes the bench. */
export function modelBench(
  options: Partial<Options> = {},
  behaviour: Behaviour = {},
  start: Saved = FACTORY,
  timers = manualTimers(),
): ModelBench {
  let saved = start;
  const sent: Buffer[] = [];
  const installed: string[] = [];
  const models: NodeModels = makeModels(
    {
      options: presetOptions(options),
      behaviour,
      timers,
      saved: () => saved,
      changed() {
        saved = { ...saved, ...savedModels(models) };
      },
      install: ({ firmwareId, additional }) => installed.push(`${firmwareId.toString('hex')} ${additional}`),
    },
    (element) => (pdu, to) => {
      if (bench.wire === undefined || to.address === CLIENT) sent.push(pdu);
      else bench.wire(pdu, to.address, element);
      return Promise.resolve(true);
    },
  );
  const deliver = (pdu: Buffer, element: number, from = CLIENT): void => {
    for (const model of models.elements[element] ?? []) model.receive(decodeAccess(pdu), { address: from, app: 0 });
  };
  const bench: ModelBench = {
    wire: undefined,
    deliver,
    models,
    timers,
    installed,
    saved: () => saved,
    ask(type, value, element = 0) {
      sent.length = 0;
      deliver(encodeMessage(type, value), element);
      const answer = sent.shift();
      return answer === undefined || type.reply === undefined ? undefined : valueOf(type.reply, decodeAccess(answer));
    },
    tell: (type, value, element = 0) => deliver(encodeMessage(type, value), element),
    sent: () => sent.splice(0).map((pdu) => pdu.toString('hex')),
    restart: () => modelBench(options, behaviour, saved),
  };
  return bench;
}

/** Puts nodes on one network, each under the address of its first element. What is sent to nobody is lost. */
export function network(nodes: Readonly<Record<number, ModelBench>>): void {
  for (const [address, bench] of Object.entries(nodes))
    bench.wire = (pdu, to, element) => {
      for (const [other, peer] of Object.entries(nodes)) {
        const at = to - Number(other);
        if (at < 0 || at >= peer.models.elements.length) continue;
        queueMicrotask(() => peer.deliver(pdu, at, Number(address) + element));
      }
    };
}
