import { RES, RESULT, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { Alarm } from '../alarm.ts';
import type { Reply, Request } from '../coap/endpoint.ts';
import { type Downloaded, fetchable } from './download.ts';
import { type Instance, WORK_MS } from './instance.ts';
import { Push } from './push.ts';

const OK: Reply = { code: '2.04' };
const URI_MAX = 255;

/** How packages reach one instance of object 9: pushed into resource 2 or pulled from the URI in resource 3. */
export class Delivery {
  readonly push: Push;
  private readonly instance: Instance;
  private readonly givingUp: Alarm;
  private readonly starting: Alarm;
  /** The pull under way, or about to begin. */
  private pulling: AbortController | undefined;
  /** Wrong devices pull nothing any more after a push that failed. */
  private pushFailed = false;

  constructor(instance: Instance, formats: readonly number[]) {
    const { options, behaviour, clock } = instance.port;
    this.instance = instance;
    this.givingUp = new Alarm(clock);
    this.starting = new Alarm(clock);
    this.push = new Push({
      path: [9, instance.saved.id, RES.package],
      options,
      behaviour,
      formats,
      mayBegin: (request) => this.outOfState(request.message.payload),
      begin: () => this.begin(),
      complete: (data) => this.pushed(data),
      broken: (why) => this.pushBroken(why),
      watch: (on) => this.watch(on),
    });
  }

  get busy(): boolean {
    return this.push.open || this.pulling !== undefined;
  }

  /** Writes a block of the package, or all of it. */
  writePackage(request: Request): Reply {
    return this.push.receive(request);
  }

  /** Writes a package that came as part of something larger. */
  takeWhole(data: Buffer): Reply {
    const refused = this.outOfState(data);
    if (refused !== undefined) return refused;
    this.begin();
    return this.pushed(data);
  }

  /** Writes resource 3 and fetches what it names. */
  writeUri(text: string): Reply {
    const { instance } = this;
    const { options, behaviour } = instance.port;
    const refused = this.outOfState(undefined);
    if (refused !== undefined) return refused;
    if (Buffer.byteLength(text) > (behaviour.uriMax ?? URI_MAX)) return { code: '4.00' };
    const uri = text.slice(0, behaviour.uriCut ?? text.length);
    if (behaviour.ignoresUri === 'all' || (behaviour.ignoresUri === 'notCoap' && !uri.startsWith('coap:'))) return OK;
    instance.saved.uri = uri;
    const url = fetchable(uri, options.schemes.split(','));
    if (url === undefined) {
      if (behaviour.pullSticks === 'always') instance.apply('begin');
      else instance.apply('unfetchable', behaviour.invalidUriResult ?? RESULT.INVALID_URI);
      return options.badUri === 'refuse' && behaviour.pullSticks === undefined ? { code: '4.00' } : OK;
    }
    if (behaviour.pullBlockedAfterPush === true && this.pushFailed) return OK;
    const start = (): void => void this.pull(url);
    if (options.pullStart === 'atOnce') start();
    else {
      this.pulling = new AbortController();
      this.starting.set(instance.port.clock.protocolNow() + WORK_MS.pullStart, start);
    }
    return OK;
  }

  /** Calls a download off; what was received is thrown away. */
  cancel(result: number): void {
    this.stop();
    this.instance.apply('broken', result);
  }

  /** Forgets what is going on, as the power does. */
  stop(): void {
    this.pulling?.abort();
    this.pulling = undefined;
    this.starting.clear();
    this.push.drop();
    this.watch(false);
  }

  /** What a download gets that comes when it may not; undefined where it may. */
  private outOfState(data: Buffer | undefined): Reply | undefined {
    const { instance } = this;
    const { options, behaviour } = instance.port;
    if (behaviour.refusesAfterFailure === true && instance.saved.machine.result >= RESULT.NO_STORAGE)
      return { code: '4.05' };
    if (instance.state === STATE.INITIAL && !this.busy) {
      if (data?.length === 0 && options.emptyPackage === 'refuse' && behaviour.deliversEmpty !== true)
        return { code: '4.00' };
      return undefined;
    }
    const second = behaviour.takesSecondPackage === true && data !== undefined && instance.state === STATE.DELIVERED;
    if (second) return undefined;
    switch (options.outOfState) {
      case 'refuse':
        return { code: '4.05' };
      case 'ignore':
        return OK;
      case 'follow':
        return this.replace();
    }
  }

  /** A new download throws the old one away, where nothing is installed. */
  private replace(): Reply | undefined {
    const { instance } = this;
    if (instance.state === STATE.INSTALLED || instance.state === STATE.DOWNLOADED) return { code: '4.05' };
    if (this.busy) this.cancel(RESULT.INITIAL);
    else instance.apply('uninstalled');
    return undefined;
  }

  /** INITIAL to DOWNLOAD STARTED. */
  private begin(): void {
    const { instance } = this;
    const { options, behaviour } = instance.port;
    if (behaviour.secondBreaksFirst === true)
      for (const other of instance.port.others())
        if (other.state === STATE.DOWNLOAD_STARTED || other.state === STATE.DELIVERED)
          other.force({ state: STATE.INITIAL, result: RESULT.DEVICE_ERROR });
    if (behaviour.jumpsToInstalled === true) return;
    if (options.notify1 === 'yes') instance.apply('begin');
    else instance.quietly(() => instance.apply('begin'));
  }

  /** The last octet of a push has come; the check follows by itself. */
  private pushed(data: Buffer): Reply {
    const { instance } = this;
    const { options, behaviour } = instance.port;
    if (instance.state === STATE.DELIVERED) {
      instance.replacePackage(data);
      return OK;
    }
    instance.downloaded(data, behaviour.uncheckedPush === true);
    const { pending } = instance.saved;
    const failed = pending?.ok === false;
    this.pushFailed ||= failed;
    return failed && pending.result === RESULT.NO_STORAGE && options.tooLarge === '4.13' ? { code: '4.13' } : OK;
  }

  /** A push that cannot go on: back to INITIAL with the reason. */
  private pushBroken(why: 'tooLarge' | 'undecodable' | 'gap'): Reply {
    const { behaviour } = this.instance.port;
    this.pushFailed = true;
    if (why === 'tooLarge' && behaviour.tooLarge !== undefined) this.instance.force(behaviour.tooLarge);
    else this.instance.apply('broken', why === 'tooLarge' ? RESULT.NO_STORAGE : RESULT.CONNECTION_LOST);
    return { code: why === 'tooLarge' ? '4.13' : why === 'gap' ? '4.08' : '4.00' };
  }

  /** Gives an unfinished push up some time after its last block. */
  private watch(on: boolean): void {
    const { options, behaviour, clock } = this.instance.port;
    this.givingUp.clear();
    if (!on || behaviour.neverGivesUp === true) return;
    this.givingUp.set(clock.protocolNow() + options.pushGiveUpMs, () => {
      this.pushFailed = true;
      this.push.drop();
      this.instance.apply('broken', Number(options.pushGiveUp));
    });
  }

  /** Fetches the package; a pull that was called off meanwhile leaves no trace. */
  private async pull(url: URL): Promise<void> {
    const { instance } = this;
    const { behaviour } = instance.port;
    const running = new AbortController();
    this.pulling = running;
    if (behaviour.invisiblePull !== true) this.begin();
    const { user, password } = behaviour.sendsNoCredentials === true ? { user: '', password: '' } : instance.saved;
    const got = await instance.port.download(url, user, password, running.signal);
    if (running.signal.aborted) return;
    this.pulling = undefined;
    if (got.ok) return instance.downloaded(got.data, behaviour.uncheckedPull === true);
    if (behaviour.storesErrorPage === true && got.why === 'status')
      return instance.downloaded(got.data ?? Buffer.alloc(0), false);
    const sticks = behaviour.pullSticks === 'unreachable' && got.why === 'unreachable';
    if (!sticks && behaviour.pullSticks !== 'always') instance.apply('broken', this.resultOf(got.why));
  }

  /** Update Result for a pull that failed. */
  private resultOf(why: Exclude<Downloaded, { ok: true }>['why']): number {
    const { options, behaviour } = this.instance.port;
    switch (why) {
      case 'host':
        return behaviour.unknownHostResult ?? Number(options.unknownHost);
      case 'unreachable':
        return Number(options.unreachable);
      case 'lost':
        return RESULT.CONNECTION_LOST;
      case 'status':
        return Number(options.notFound);
      case 'tooLarge':
        return RESULT.NO_STORAGE;
    }
  }
}
