import { decodeComposition } from '../codec/access.ts';
import { FrameError } from '../../core/layout/cursor.ts';
import { configStatus } from '../codec/enums.ts';
import type { Value } from '../../core/layout/layout.ts';
import {
  appKeyAdd,
  compositionGet,
  type compositionPage,
  defaultTtlSet,
  modelAppBind,
  nodeReset,
  subscriptionAdd,
  subscriptionVirtualAdd,
} from '../codec/messages/configuration.ts';
import { hexNumber, nameOf } from '../../core/layout/names.ts';
import type { ModelId } from '../codec/special.ts';
import { type Answer, type Deadline, request, type Silence } from '../stack/exchange.ts';
import type { MeshStack } from '../stack/meshStack.ts';

/** Page 0 or 0x80 of a node's Composition Data. */
export type Composition = Value<typeof compositionPage>;

/** What a node is to know before a case runs. */
export interface NodePlan {
  /** Primary address of the node; its device key is in the key ring. */
  readonly node: number;
  readonly netKeyIndex: number;
  readonly appKeyIndex: number;
  readonly appKey: Buffer;
  /** Models that are bound to the AppKey, wherever the composition has them. */
  readonly bind: readonly ModelId[];
  /** Models that listen to this group or label. */
  readonly subscribe: readonly { readonly model: ModelId; readonly group: number | Buffer }[];
  readonly defaultTtl: number;
}

/** How the bring-up of a node ended; `step` names the message that did not succeed. */
export type NodeReady =
  | { readonly kind: 'ready'; readonly composition: Composition }
  | { readonly kind: 'refused'; readonly step: string; readonly why: string };

/** An element with the address that it has on this node. */
export interface PlacedElement {
  readonly address: number;
  readonly models: readonly ModelId[];
}

/** The elements of a node, addressed one after the other from its primary address. */
export function elementsOf(composition: Composition, primary: number): readonly PlacedElement[] {
  return composition.elements.map(({ sig, vendor }, i) => ({
    address: primary + i,
    models: [...sig.map((model) => ({ model })), ...vendor],
  }));
}

/** Addresses of the elements that have this model. */
export function elementsWith(composition: Composition, primary: number, wanted: ModelId): readonly number[] {
  const has = ({ models }: PlacedElement): boolean =>
    models.some((m) => m.model === wanted.model && m.company === wanted.company);
  return elementsOf(composition, primary)
    .filter(has)
    .map(({ address }) => address);
}

/** Reads a page of the Composition Data. `malformed` where its octets do not fit. */
export async function readComposition(
  stack: MeshStack,
  node: number,
  page: number,
  deadline: Deadline,
): Promise<
  | { readonly kind: 'composition'; readonly page: number; readonly composition: Composition }
  | { readonly kind: 'malformed' }
  | Silence
> {
  const answer = await request(stack, compositionGet, { page }, { to: node, key: { dev: node }, ...deadline });
  if (answer.kind !== 'reply') return answer.kind === 'silence' ? answer : { kind: 'malformed' };
  try {
    return { kind: 'composition', page: answer.value.page, composition: decodeComposition(answer.value.data) };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { kind: 'malformed' };
  }
}

/** Gives a node its AppKey, binds and subscribes its models and sets its TTL. Repeating it does no harm. */
export async function configureNode(stack: MeshStack, plan: NodePlan, deadline: Deadline): Promise<NodeReady> {
  const { node, appKeyIndex, netKeyIndex } = plan;
  const to = { to: node, key: { dev: node }, ...deadline };
  const read = await readComposition(stack, node, 0, deadline);
  if (read.kind !== 'composition') return refused(compositionGet.name, read.kind);
  const { composition } = read;
  const added = await request(stack, appKeyAdd, { netKeyIndex, appKeyIndex, key: plan.appKey }, to);
  const notAdded = refusal(added);
  if (notAdded !== undefined) return refused(appKeyAdd.name, notAdded);
  for (const model of plan.bind) {
    for (const element of elementsWith(composition, node, model)) {
      const why = refusal(await request(stack, modelAppBind, { element, appKeyIndex, model }, to));
      if (why !== undefined) return refused(`${modelAppBind.name} ${hexNumber(model.model, 4)}`, why);
    }
  }
  for (const { model, group } of plan.subscribe) {
    for (const element of elementsWith(composition, node, model)) {
      const answer =
        typeof group === 'number'
          ? await request(stack, subscriptionAdd, { element, address: group, model }, to)
          : await request(stack, subscriptionVirtualAdd, { element, label: group, model }, to);
      const why = refusal(answer);
      if (why !== undefined) return refused(`${subscriptionAdd.name} ${hexNumber(model.model, 4)}`, why);
    }
  }
  const ttl = await request(stack, defaultTtlSet, { ttl: plan.defaultTtl }, to);
  return ttl.kind === 'reply' ? { kind: 'ready', composition } : refused(defaultTtlSet.name, ttl.kind);
}

/** Takes the node out of the network. A node that has left already does not answer. */
export function resetNode(stack: MeshStack, node: number, deadline: Deadline): Promise<Answer<object>> {
  return request(stack, nodeReset, {}, { to: node, key: { dev: node }, ...deadline });
}

/** Key Index Already Stored is no refusal: an earlier run did the same. */
function refusal(answer: Answer<{ readonly status: number }>): string | undefined {
  if (answer.kind !== 'reply') return answer.kind;
  const { SUCCESS, KEY_INDEX_ALREADY_STORED } = configStatus;
  const fine = answer.value.status === SUCCESS || answer.value.status === KEY_INDEX_ALREADY_STORED;
  return fine ? undefined : nameOf(configStatus, answer.value.status);
}

function refused(step: string, why: string): NodeReady {
  return { kind: 'refused', step, why };
}
