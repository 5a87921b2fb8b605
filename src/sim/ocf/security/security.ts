import { randomUUID } from 'node:crypto';
import type { BenchClock } from '../../../core/clock.ts';
import type { OwnCertificate } from '../../../link/dtls/credentials.ts';
import type { DtlsWire } from '../../../link/dtls/port.ts';
import type { Peer } from '../../../link/wire.ts';
import { Alarm } from '../../alarm.ts';
import type { BlockLimits } from '../../coap/blocks.ts';
import type { Endpoint, Request } from '../../coap/endpoint.ts';
import { pathOf } from '../../coap/message.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Goal } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Resource, ServerContext } from '../server.ts';
import type { Saved } from '../store.ts';
import { type Kind, mayDo, type Session } from './access.ts';
import { acl2 } from './acl2.ts';
import { cred } from './cred.ts';
import { doxm } from './doxm.ts';
import { ownerKey } from './keys.ts';
import { Modes } from './modes.ts';
import { type Ownership, unowned } from './ownership.ts';
import { Sessions } from './sessions.ts';
import type { Common } from './resource.ts';
import { sp } from './sp.ts';
import { type DosName, IDLE_MS, METHODS, type MethodName, RESET_MS } from './states.ts';

export interface SecurityParts {
  readonly dtls: DtlsWire;
  readonly method: MethodName;
  readonly clock: BenchClock;
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly saved: Saved;
  readonly certificate?: OwnCertificate;
  readonly context: () => ServerContext;
  /** Something has changed that must survive a power cut. */
  readonly changed: () => void;
  readonly trigger: (goal: Goal) => void;
  /** The software update forgets what clients have told it. */
  readonly wipe: () => void;
  /** Over DTLS. */
  readonly endpoint: Endpoint;
  readonly limits: BlockLimits;
  readonly say: (line: string) => void;
}

/** The security of the device: its owner, its state, who may come in and do what. */
export class Security {
  readonly resources: readonly Resource[];
  private readonly parts: SecurityParts;
  private readonly sessions: Sessions;
  private readonly alarm: Alarm;
  private readonly modes: Modes;

  constructor(parts: SecurityParts) {
    this.parts = parts;
    const { dtls, method, saved, options, clock } = parts;
    this.alarm = new Alarm(clock);
    const ownership = (): Ownership => this.ownership;
    const deviceId = (): string => saved.deviceId;
    this.sessions = new Sessions({
      dtls,
      method,
      ownership,
      deviceId,
      fixedPin: options.pin,
      ...(parts.certificate === undefined ? {} : { certificate: parts.certificate }),
      say: parts.say,
      began: () => this.waitForOwner(),
      ended: () => this.abandoned(),
    });
    const common = { ownership, context: parts.context, changed: parts.changed };
    this.modes = new Modes({ ...parts, ...common, enter: (dos) => this.enter(dos) });
    this.resources = this.makeResources(common, deviceId);
  }

  /** Power came: half an owner transfer, or half a reset, does not outlive a power cut. */
  boot(): void {
    const { saved, wipe } = this.parts;
    if (this.dos === 'RFOTM') saved.ownership = unowned();
    if (this.dos !== 'RESET') return;
    this.disown();
    wipe();
    this.sessions.admit();
  }

  get dos(): DosName {
    return this.ownership.dos;
  }

  get pin(): string | undefined {
    return this.sessions.pin;
  }

  /** Who sends from there over the secure port. */
  sessionOf(peer: Peer): Session {
    return this.sessions.of(peer);
  }

  /** Whether the device lets a request through; of a resource that it does not have everybody may know. */
  admits(request: Request, session: Session): boolean {
    if (this.dos === 'RFOTM' && this.sessions.busy) {
      if (session.kind === 'clear') return false;
      this.waitForOwner();
    }
    const { behaviour } = this.parts;
    const href = pathOf(request.message);
    const resource = this.parts.context().resources.find((one) => one.href === href);
    if (resource === undefined) return true;
    return mayDo(
      { session, method: request.message.code, href, kind: kindOf(resource) },
      this.ownership,
      behaviour.opens,
    );
  }

  /** Without an owner again, under a new name. */
  reset(): void {
    this.disown();
    this.restart();
    this.parts.changed();
  }

  /** Tells the observers of the provisioning status where it looks different. */
  notify(): void {
    this.modes.notify();
  }

  /** All associations are forgotten, as by a restart. */
  restart(): void {
    this.alarm.clear();
    this.modes.clear();
    this.sessions.clear(false);
  }

  /** Nobody comes in while the device is off the net. */
  mute(muted: boolean): void {
    this.sessions.muted = muted;
    this.sessions.admit();
  }

  close(): void {
    this.alarm.clear();
    this.sessions.close();
  }

  private get ownership(): Ownership {
    const { saved } = this.parts;
    return (saved.ownership ??= unowned());
  }

  private makeResources(common: Common, deviceId: () => string): readonly Resource[] {
    const { saved, method } = this.parts;
    const { label } = METHODS[method];
    return [
      doxm({
        ...common,
        method,
        deviceId,
        rename: (uuid) => (saved.deviceId = uuid),
        chosen: () => this.sessions.chosen(),
      }),
      this.modes.resource,
      cred({
        ...common,
        makeKey: (session, subject) => ownerKey(session.keyBlock(), label, subject, saved.deviceId).toString('hex'),
      }),
      acl2(common),
      sp(common),
    ];
  }

  private enter(dos: DosName): void {
    if (dos === this.dos) return;
    if (dos === 'RFPRO') this.modes.provision();
    this.ownership.dos = dos;
    this.alarm.clear();
    if (dos === 'RESET')
      this.alarm.set(this.parts.clock.protocolNow() + RESET_MS, () => {
        this.disown();
        this.modes.clear();
        this.sessions.clear(true);
        this.parts.wipe();
        this.parts.changed();
      });
    else this.sessions.admit();
  }

  /** One who began to own the device and then says nothing is given up. */
  private waitForOwner(): void {
    this.alarm.set(this.parts.clock.protocolNow() + IDLE_MS, () => this.reset());
  }

  private disown(): void {
    const { saved } = this.parts;
    saved.ownership = unowned();
    saved.deviceId = randomUUID();
  }

  /** The one who wanted to own the device has gone. */
  private abandoned(): void {
    if (this.dos !== 'RFOTM') return;
    this.alarm.clear();
    this.disown();
    this.parts.changed();
  }
}

function kindOf({ href, rt }: Resource): Kind {
  const [type] = rt;
  if (type === 'oic.r.softwareupdate') return 'swu';
  const kinds: readonly Kind[] = ['doxm', 'pstat', 'cred', 'acl2', 'sp'];
  return kinds.find((kind) => href === `/oic/sec/${kind}`) ?? 'public';
}
