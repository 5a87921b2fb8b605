import { INTERFACE } from '../../ocf/codec/ocf.ts';
import type { BlockLimits } from '../coap/blocks.ts';
import type { Answer, Endpoint, Reply, Request } from '../coap/endpoint.ts';
import { Observers } from '../coap/observe.ts';
import type { Behaviour, Unnotified } from './behaviour.ts';
import type { Options } from './options.ts';
import { represent } from './representation.ts';
import { content, interfaceOf, type Resource, type ServerContext } from './server.ts';
import type { Saved } from './store.ts';

export interface NotifierParts {
  readonly saved: Saved;
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Where the resource is observed. */
  readonly endpoint: Endpoint;
  readonly limits: BlockLimits;
  readonly context: () => ServerContext;
  /** Writes `saved` to memory. */
  readonly save: () => void;
}

const FIRST_SEQUENCE = 1000;

/** Those who observe the software update resource, and what they are told. */
export class Notifier {
  private readonly parts: NotifierParts;
  private readonly observers: Observers;
  private shown: string;
  /** What notifications show: the state, or on a wrong device the state before. */
  private notified: Saved;

  constructor(parts: NotifierParts) {
    this.parts = parts;
    const { endpoint, limits, options, behaviour, saved } = parts;
    const represented = (request: Request): Reply => this.notification(request, this.notified);
    const { confirmEvery } = options;
    this.observers = new Observers(endpoint, represented, limits, confirmEvery, FIRST_SEQUENCE, behaviour.observe);
    this.notified = structuredClone(saved);
    this.shown = this.fingerprint();
  }

  /** Registers or deregisters; returns the answer. */
  observe(request: Request, register: boolean): Answer {
    const { behaviour, saved, save, context } = this.parts;
    const plain = this.notification(request, saved);
    if (!register) {
      this.observers.deregister(request);
      return plain;
    }
    const again = behaviour.observableOnce === true && saved.observed;
    if (behaviour.ignoresObserve === true || again) return plain;
    saved.observed = true;
    save();
    const first = this.observers.register(request);
    return behaviour.firstNotificationEmpty === true
      ? { ...first, payload: content('2.05', {}, context()).payload ?? Buffer.alloc(0) }
      : first;
  }

  /** Tells the observers where what they see is different. */
  changed(cause: Unnotified): void {
    const { behaviour, saved } = this.parts;
    const shown = this.fingerprint();
    if (shown === this.shown) return;
    this.shown = shown;
    const before = this.notified;
    this.notified = structuredClone(saved);
    if (behaviour.unnotified === cause || (behaviour.unnotified === 'state' && cause === 'rest')) return;
    const now = this.notified;
    if (behaviour.staleNotifications === true) this.notified = before;
    this.observers.notify();
    if (behaviour.repeatsNotifications === true) this.observers.notify();
    this.notified = now;
  }

  /** Nobody observes any more. */
  clear(): void {
    this.observers.clear();
  }

  private notification(request: Request, saved: Saved): Reply {
    const { options, behaviour, context } = this.parts;
    const swu: Resource | undefined = context().resources.find(({ href }) => href === options.href);
    const iface = swu === undefined ? undefined : interfaceOf(request.message.options, swu, behaviour);
    return content('2.05', represent(iface ?? INTERFACE.rw, saved, options, behaviour), context());
  }

  private fingerprint(): string {
    const { saved, options, behaviour } = this.parts;
    return JSON.stringify(represent(INTERFACE.baseline, saved, options, behaviour));
  }
}
