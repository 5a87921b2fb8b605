import { isDeepStrictEqual } from 'node:util';
import type { CborValue } from '../../../ocf/codec/cbor.ts';
import { INTERFACE } from '../../../ocf/codec/ocf.ts';
import { STATES } from '../../../ocf/codec/swu.ts';
import type { BlockLimits } from '../../coap/blocks.ts';
import type { Answer, Endpoint, Reply, Request } from '../../coap/endpoint.ts';
import { Observers } from '../../coap/observe.ts';
import type { Goal } from '../machine.ts';
import type { ServerContext } from '../server.ts';
import { content, interfaceOf, type Resource } from '../server.ts';
import type { Saved } from '../store.ts';
import { pstat } from './pstat.ts';
import type { Common } from './resource.ts';
import type { DosName } from './states.ts';

export interface ModesParts extends Common {
  readonly saved: Saved;
  /** Over DTLS. */
  readonly endpoint: Endpoint;
  readonly limits: BlockLimits;
  readonly trigger: (goal: Goal) => void;
  readonly enter: (dos: DosName) => void;
}

const FIRST_SEQUENCE = 2000;

/** `/oic/sec/pstat` with its current mode, and those who observe it. */
export class Modes {
  readonly resource: Resource;
  private readonly parts: ModesParts;
  private readonly observers: Observers;
  /** What was shown last, and what observers are told instead by a wrong device. */
  private shown: CborValue;
  private stale: CborValue | undefined;
  /** Current mode that a client has written, or that is kept over provisioning, on a wrong device. */
  private written: number | undefined;
  private kept: number | undefined;

  constructor(parts: ModesParts) {
    this.parts = parts;
    const { options, behaviour } = this.context;
    const represent = (request: Request): Reply => this.notification(request);
    const { confirmEvery } = options;
    this.observers = new Observers(parts.endpoint, represent, parts.limits, confirmEvery, FIRST_SEQUENCE);
    this.resource = pstat({
      ...parts,
      behaviour,
      mode: () => this.mode(),
      modeWritten: (cm) => (this.written = behaviour.takesCm === 'stores' ? cm : undefined),
      trigger: (goal) => {
        const started = behaviour.tmStarts?.[goal] ?? goal;
        if (started !== 'nothing') parts.trigger(started);
      },
      refusesBits: options.combinedTm === 'refuse',
      observe: (request, register) => this.observe(request, register),
    });
    this.shown = this.retrieve();
  }

  /** Tells the observers where it looks different. */
  notify(): void {
    const { behaviour } = this.context;
    const { state, run } = this.parts.saved.machine;
    if (state === 'idle' && run === undefined) this.kept = undefined;
    const before = this.shown;
    this.shown = this.retrieve();
    if (isDeepStrictEqual(before, this.shown) || behaviour.modesUnnotified === true) return;
    if (behaviour.staleModes === true) this.stale = before;
    this.observers.notify();
    this.stale = undefined;
  }

  /** The device is put into provisioning. */
  provision(): void {
    const { provisioningMode } = this.context.behaviour;
    if (provisioningMode !== undefined) this.kept = provisioningMode === 'cleared' ? 0 : this.mode();
  }

  /** Nobody observes any more. */
  clear(): void {
    this.observers.clear();
  }

  private get context(): ServerContext {
    return this.parts.context();
  }

  private observe(request: Request, register: boolean): Answer {
    if (this.context.behaviour.modesUnobservable === true) return this.notification(request);
    if (register) return this.observers.register(request);
    this.observers.deregister(request);
    return this.notification(request);
  }

  private notification(request: Request): Reply {
    const iface = interfaceOf(request.message.options, this.resource, this.context.behaviour) ?? INTERFACE.rw;
    return content('2.05', this.stale ?? this.resource.retrieve(iface, []) ?? {}, this.context);
  }

  private retrieve(): CborValue {
    return this.resource.retrieve(INTERFACE.rw, []) ?? {};
  }

  /** Update bits of the current mode (table 3). */
  private mode(): number {
    const { behaviour } = this.context;
    const { state, result, run } = this.parts.saved.machine;
    const after = run === undefined ? behaviour.modesAfter?.[result] : undefined;
    return this.written ?? this.kept ?? after ?? behaviour.modes?.[state] ?? STATES[state].cm;
  }
}
