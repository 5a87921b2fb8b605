import type { BenchClock } from '../../core/clock.ts';
import { RESULTS } from '../../ocf/codec/swu.ts';
import type { Behaviour } from './behaviour.ts';
import {
  type Goal,
  type Input,
  type Machine,
  next,
  PAUSE_MS,
  type Plan,
  type Run,
  type Step,
  STEPS,
} from './machine.ts';
import type { Options } from './options.ts';
import { compareVersions, isValidPackage, type Manifest, manifestOf } from './package.ts';
import { Alarm } from '../alarm.ts';
import type { FetchOrder, Got } from './source.ts';
import type { Saved } from './store.ts';
import { writeTime } from './time.ts';

export interface UpdaterParts {
  readonly saved: Saved;
  readonly clock: BenchClock;
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly fetch: (purl: string, order: FetchOrder) => Promise<Got>;
  /** Something that the resource shows has changed. */
  readonly changed: () => void;
  /** The device goes silent until its power is cut. */
  readonly freeze: () => void;
  /** Off the net, and back again. */
  readonly offline: () => void;
  readonly online: () => void;
}

const never = new Promise<never>(() => undefined);

/** The choices of the standard as this device makes them. */
export function planOf(options: Options, behaviour: Behaviour): Plan {
  return {
    chain: behaviour.chains ?? (options.chain === 'yes' ? ['isac', 'isvv', 'upgrade'] : []),
    resetResult: options.resultReset === 'atStart' && behaviour.keepsOldResult !== true,
    resultNoNewVersion: Number(options.resultNoNewVersion),
    restAfterFailure: options.restAfterFailure,
    retryAtBoot: options.bootRecovery === 'retry',
  };
}

/** Carries out what the machine says: does the work of each step and feeds the outcome back. */
export class Updater {
  private readonly parts: UpdaterParts;
  private readonly plan: Plan;
  private readonly pause: Alarm;
  private stopping = new AbortController();
  private queued: Goal | undefined;
  private purl = '';
  private manifest: Manifest | undefined;
  private data: Buffer = Buffer.alloc(0);

  constructor(parts: UpdaterParts) {
    this.parts = parts;
    this.plan = planOf(parts.options, parts.behaviour);
    this.pause = new Alarm(parts.clock);
  }

  get busy(): boolean {
    return this.parts.saved.machine.run !== undefined;
  }

  /** An action is due. While another runs it waits for its end. `purl`: instead of the one that the resource shows. */
  start(goal: Goal, purl = this.effectivePurl()): void {
    if (this.busy) {
      this.queued = goal;
      return;
    }
    const { saved, behaviour } = this.parts;
    this.purl = purl;
    const validated = goal === 'upgrade' && saved.machine.state === 'sva' && saved.validated?.purl === this.purl;
    this.manifest = saved.validated;
    this.apply({ type: 'start', goal, validated: validated || behaviour.upgradesWithoutFetch === true });
  }

  /** Power came back: takes up or reports what it interrupted. */
  boot(): void {
    const { saved, behaviour } = this.parts;
    const { run, ...rest } = saved.machine;
    if (run === undefined) return;
    this.purl = this.effectivePurl();
    if (behaviour.boot === 'stuck') saved.machine = rest;
    else if (behaviour.boot === 'success') saved.machine = { state: 'idle', result: RESULTS.success };
    else if (behaviour.boot === 'mixed') saved.machine = { state: 'sva', result: RESULTS.success };
    else return this.apply({ type: 'boot' });
    this.parts.changed();
  }

  /** Gives up whatever goes on, without a trace in the state. */
  stop(): void {
    this.stopping.abort();
    this.pause.clear();
    this.queued = undefined;
  }

  private effectivePurl(): string {
    const { saved, options, behaviour } = this.parts;
    return saved.purl === '' && behaviour.ignoresBuiltinUrl !== true ? options.builtinUrl : saved.purl;
  }

  private apply(input: Input): void {
    const { saved } = this.parts;
    const before = saved.machine;
    const after = next(before, input, this.plan);
    saved.machine = after;
    if (before.run !== undefined && after.run === undefined) this.ended(before.run, after);
    this.parts.changed();
    this.go(after);
  }

  private go({ run }: Machine): void {
    if (run === undefined) {
      const { queued } = this;
      this.queued = undefined;
      if (queued !== undefined) this.start(queued);
      return;
    }
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    const feed = (input: Input): void => {
      if (!signal.aborted) this.apply(input);
    };
    if (!run.working) void this.sleep(PAUSE_MS, signal).then(() => feed({ type: 'pauseOver' }));
    else void this.work(run.step, signal).then(feed);
  }

  /** The action has run: it is not to be done again, unless a client has asked for something new meanwhile. */
  private ended({ goal }: Run, { state }: Machine): void {
    const { saved, options, behaviour } = this.parts;
    if (state !== 'sva') delete saved.validated;
    const replaced = saved.schedule !== undefined || saved.action !== goal;
    if (options.actionAfterRun === 'idle' && !replaced && behaviour.keepsAction !== true) saved.action = 'idle';
  }

  private async work(step: Step, signal: AbortSignal): Promise<Input> {
    const { behaviour, freeze } = this.parts;
    const enough = this.sleep(STEPS[step].ms, signal);
    if (behaviour.hangsIn === step) return never;
    if (behaviour.freezesIn === step && step !== 'download') {
      await this.sleep(STEPS[step].ms / 2, signal);
      freeze();
      return never;
    }
    switch (step) {
      case 'check':
      case 'download': {
        const outcome = await (step === 'check' ? this.check(signal) : this.download(signal));
        await enough;
        return outcome;
      }
      case 'verify':
        await enough;
        return this.verify();
      case 'install':
        await enough;
        return this.install();
      case 'reboot':
        return this.reboot(enough);
    }
  }

  private async check(signal: AbortSignal): Promise<Input> {
    const { saved, options, behaviour, fetch } = this.parts;
    if (this.purl === '' && behaviour.pretendsFetch !== 'empty')
      return { type: 'stepFailed', result: RESULTS.invalidUrl };
    const part = behaviour.checksByDownload === true ? {} : { headOnly: true as const };
    const got = await fetch(this.purl, { ...part, maxSize: options.flash, signal });
    if (!got.ok) return { type: 'stepFailed', result: got.result };
    this.manifest = manifestOf(got.data);
    // What has no manifest cannot be called new or old before it has been downloaded and verified.
    const version = this.manifest?.version;
    const newer = version === undefined || compareVersions(version, saved.version) > 0;
    if (!newer && behaviour.installsAnyVersion !== true) return { type: 'nothingNewer' };
    if (behaviour.forgetsNewVersion !== true) saved.nv = (version ?? '').slice(0, 64);
    return { type: 'stepDone' };
  }

  private async download(signal: AbortSignal): Promise<Input> {
    const { options, behaviour, fetch, freeze } = this.parts;
    const { ram = 0, flash = 0 } = this.manifest ?? {};
    if (ram > options.ram) return { type: 'stepFailed', result: RESULTS.tooLittleRam };
    if (flash > options.flash) return { type: 'stepFailed', result: RESULTS.tooLittleFlash };
    const onPiece = (): void => {
      if (behaviour.freezesIn === 'download') freeze();
    };
    const got = await fetch(this.purl, { maxSize: options.flash, onPiece, signal });
    if (!got.ok) return { type: 'stepFailed', result: got.result };
    this.data = got.data;
    this.manifest = manifestOf(got.data) ?? this.manifest;
    return { type: 'stepDone' };
  }

  private verify(): Input {
    const { saved, behaviour } = this.parts;
    if (!isValidPackage(this.data) && behaviour.skipsVerification !== true)
      return { type: 'stepFailed', result: RESULTS.validationFailed };
    if (this.manifest !== undefined) saved.validated = { ...this.manifest, purl: this.purl };
    this.data = Buffer.alloc(0);
    return { type: 'stepDone' };
  }

  private install(): Input {
    const { saved, behaviour } = this.parts;
    const fails = this.manifest?.failsAtInstall === true;
    if (fails && behaviour.ignoresInstallFailure !== true) return { type: 'stepFailed', result: RESULTS.updateFailed };
    const version = this.manifest?.version;
    if (version !== undefined && !fails && behaviour.keepsVersion !== true) saved.version = version;
    if (behaviour.keepsLastupdate !== true) saved.lastupdate = writeTime(this.parts.clock.protocolNow());
    saved.updated = true;
    saved.nv = '';
    return { type: 'stepDone' };
  }

  private async reboot(enough: Promise<void>): Promise<Input> {
    const { options, offline, online } = this.parts;
    if (options.reboot === 'offline') offline();
    await enough;
    if (options.reboot === 'offline') online();
    return { type: 'stepDone' };
  }

  /** Milliseconds of protocol time. Never resolves after a stop. */
  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    return new Promise((resolve) => {
      const alarm = new Alarm(clock);
      signal.addEventListener('abort', () => alarm.clear(), { once: true });
      alarm.set(clock.protocolNow() + ms, resolve);
    });
  }
}
