import type { BenchClock } from '../../core/clock.ts';
import { RES, RESULT } from '../../lwm2m/codec/swmgmt.ts';
import { type Path, samePath } from '../../lwm2m/codec/path.ts';
import { type Entry, printValue } from '../../lwm2m/codec/value.ts';
import { Alarm } from '../alarm.ts';
import type { BlockLimits } from '../coap/blocks.ts';
import type { Endpoint, Reply, Request } from '../coap/endpoint.ts';
import { Observers } from '../coap/observe.ts';
import type { Attributes } from './attributes.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

export interface ReportingPort {
  readonly endpoint: Endpoint;
  readonly clock: BenchClock;
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly limits: BlockLimits;
  /** The answer to a Read of what the request observes; `telling`: as a notification. */
  represent(request: Request, telling: boolean): Reply;
  /** Something is about to be sent: a sleeping device listens again. */
  awake(): void;
  entries(paths: readonly Path[]): readonly Entry[];
  attributes(paths: readonly Path[]): Attributes;
}

interface Watch {
  readonly paths: readonly Path[];
  readonly observers: Observers;
  readonly alarm: Alarm;
  /** What was told last, as text and, where it is one number, as such. */
  told: string;
  toldNumber: number | undefined;
  toldAt: number;
  /** What was told last, value by value. */
  toldEntries: readonly Entry[];
  /** Notifications that came for pmax alone. */
  periodic: number;
}

const FIRST_SEQUENCE = 1000;
const SECOND_MS = 1000;

/** Observations and the times of their notifications: pmin, pmax, gt, lt, st. */
export class Reporting {
  private readonly port: ReportingPort;
  private readonly watches = new Map<string, Watch>();
  private telling = false;
  /** What the notification under way would have shown before the change. */
  private before: readonly Entry[] = [];

  constructor(port: ReportingPort) {
    this.port = port;
  }

  /** Registers the sender of the request; the reply is that of the Read, with the Observe option. */
  observe(request: Request, paths: readonly Path[]): Reply {
    const key = keyOf(paths);
    const watch = this.watches.get(key) ?? this.newWatch(key, paths);
    this.remember(watch);
    const reply = watch.observers.register(request);
    this.arm(watch);
    return reply;
  }

  cancel(request: Request): void {
    for (const { observers } of this.watches.values()) observers.deregister(request);
  }

  /** What a notification shows of a value on a device that misbehaves; undefined where it shows what is. */
  twist(): ((entry: Entry) => Entry) | undefined {
    const { behaviour } = this.port;
    if (behaviour.notificationDiffers === true) return differing;
    return behaviour.notificationsLag === true
      ? (now) => this.before.find(({ path }) => samePath(path, now.path)) ?? now
      : undefined;
  }

  /** Values may have changed: tells whom it concerns, at once or when pmin has passed. */
  changed(): void {
    for (const watch of this.watches.values()) if (watch.observers.count > 0) this.arm(watch);
  }

  /** All observations end. */
  clear(): void {
    for (const { observers, alarm } of this.watches.values()) {
      observers.clear();
      alarm.clear();
    }
  }

  /** One place or set of places; all its observers are told the same. */
  private newWatch(key: string, paths: readonly Path[]): Watch {
    const { endpoint, limits, options, behaviour, clock } = this.port;
    const observers = new Observers(
      endpoint,
      (request) => this.port.represent(request, this.telling),
      limits,
      options.confirmEvery,
      FIRST_SEQUENCE,
      behaviour.observe,
    );
    const untold = { told: '', toldNumber: undefined, toldAt: 0, toldEntries: [], periodic: 0 };
    const watch = { paths, observers, alarm: new Alarm(clock), ...untold };
    this.watches.set(key, watch);
    return watch;
  }

  /** Sets the time of the next notification, which may be now. */
  private arm(watch: Watch): void {
    const { clock, behaviour } = this.port;
    const { pmin = 0, pmax = 0 } = this.port.attributes(watch.paths);
    const due = this.isNews(watch) ? watch.toldAt + (behaviour.ignoresPmin === true ? 0 : pmin) * SECOND_MS : Infinity;
    const deaf = behaviour.ignoresPmax === true || (behaviour.pmaxOnce === true && watch.periodic > 0);
    const period = (behaviour.pmaxIs ?? pmax) * SECOND_MS;
    const late = pmax > 0 && pmax >= pmin && !deaf ? watch.toldAt + period : Infinity;
    const at = Math.min(due, late);
    watch.alarm.clear();
    if (at === Infinity || watch.observers.count === 0) return;
    if (at <= clock.protocolNow()) this.tell(watch);
    else watch.alarm.set(at, () => watch.observers.count > 0 && this.tell(watch));
  }

  private tell(watch: Watch): void {
    const { behaviour } = this.port;
    const failed = behaviour.failuresUnnotified === true && this.showsFailure(watch);
    if (!this.isNews(watch)) watch.periodic += 1;
    this.before = watch.toldEntries;
    this.remember(watch);
    const { noNotifications, compositeUnnotified, neverTellsOf } = behaviour;
    const mute = neverTellsOf !== undefined && watch.paths.some((path) => path[2] === neverTellsOf);
    const untold = watch.paths.length > 1 && compositeUnnotified === true;
    if (noNotifications !== true && !failed && !untold && !mute) {
      this.port.awake();
      this.telling = true;
      watch.observers.notify();
      this.telling = false;
    }
    this.arm(watch);
  }

  /** What was told last, and when: pmin and pmax count from here. */
  private remember(watch: Watch): void {
    watch.told = this.shown(watch);
    watch.toldNumber = this.number(watch);
    watch.toldEntries = this.port.entries(watch.paths);
    watch.toldAt = this.port.clock.protocolNow();
  }

  /** True where the value differs and passes gt, lt or st. */
  private isNews(watch: Watch): boolean {
    if (this.shown(watch) === watch.told) return false;
    const now = this.number(watch);
    const before = watch.toldNumber;
    const { gt, lt, st } = this.port.attributes(watch.paths);
    if (now === undefined || before === undefined || (gt ?? lt ?? st) === undefined) return true;
    const crosses = (limit: number | undefined): boolean => limit !== undefined && before > limit !== now > limit;
    return crosses(gt) || crosses(lt) || (st !== undefined && Math.abs(now - before) >= st);
  }

  /** All values as one text, to compare. */
  private shown({ paths }: Watch): string {
    const { behaviour } = this.port;
    const all = this.port.entries(paths);
    const whole = paths.length === 1 && paths[0]?.length === 2;
    const seen = behaviour.instanceNotifiesStateOnly === true && whole ? all.filter(isState) : all;
    return seen.map(({ path, value }) => `${path.join('/')}=${value === undefined ? '' : printValue(value)}`).join(' ');
  }

  /** The value of a single integer; gt, lt and st mean nothing elsewhere. */
  private number({ paths }: Watch): number | undefined {
    const [entry, second] = this.port.entries(paths);
    return second === undefined && entry?.value?.type === 'Integer' ? Number(entry.value.value) : undefined;
  }

  private showsFailure({ paths }: Watch): boolean {
    const results = this.port.entries(paths).filter(({ path }) => path[0] === 9 && path[2] === RES.result);
    return results.some(({ value }) => Number(value?.value ?? 0) >= RESULT.NO_STORAGE);
  }
}

function isState({ path }: Entry): boolean {
  return path[2] === RES.state;
}

function keyOf(paths: readonly Path[]): string {
  return paths.map((path) => path.join('/')).join(' ');
}

/** What a wrong device shows whose notifications and reads differ. */
function differing(entry: Entry): Entry {
  const { value } = entry;
  if (value?.type === 'Integer') return { ...entry, value: { type: 'Integer', value: Number(value.value) + 1 } };
  return value?.type === 'Boolean' ? { ...entry, value: { type: 'Boolean', value: !value.value } } : entry;
}
