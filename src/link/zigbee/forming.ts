import { BenchError } from '../../core/errors.ts';
import type { DongleKind } from './url.ts';

// An adapter that finds another network on the dongle than the one it was told leaves or overwrites it. These are the steps at which each family does
// so. A ZiGate keeps the network that it has; the comparison after the start tells.

/** A method of the adapter, by the way to it, that gives up a network or forms one. */
interface Step {
  readonly path: readonly string[];
  /** Only with this first argument; always where absent. */
  readonly argument?: unknown;
}

const ZBOSS_FACTORY_RESET = 2;
/** zstack makes the object with these steps while it starts; its class is guarded instead. */
const STEPS: Readonly<Record<Exclude<DongleKind, 'zstack'>, readonly Step[]>> = {
  ember: [{ path: ['ezsp', 'ezspLeaveNetwork'] }, { path: ['formNetwork'] }],
  deconz: [{ path: ['driver', 'reconfigureNetwork'] }],
  zboss: [{ path: ['driver', 'reset'], argument: ZBOSS_FACTORY_RESET }, { path: ['driver', 'formNetwork'] }],
  zigate: [],
};

type Method = (...args: unknown[]) => unknown;

/** What the adapter is told instead of being obeyed. */
export function refusal(url: string): BenchError {
  return new BenchError(
    'zigbee-network',
    'the dongle holds no network, or another than the one of this rig; it is left as it is. To have a new network formed, which every device must join anew, set `formNetwork: yes` in the rig file',
    { place: { where: url } },
  );
}

/** Replaces a method by one that refuses; the function that it returns puts the old one back. */
function guard(owner: Record<string, unknown>, name: string, url: string, argument?: unknown): () => void {
  const old = owner[name];
  if (typeof old !== 'function')
    throw new BenchError('zigbee-network', `the adapter has no ${name}: its version is not the one that was tested`, {
      place: { where: url },
    });
  owner[name] = function guarded(this: unknown, ...args: unknown[]): unknown {
    if (argument === undefined || args[0] === argument) throw refusal(url);
    return (old as Method).apply(this, args);
  };
  return () => {
    owner[name] = old;
  };
}

/** Keeps an adapter that is about to start from leaving, overwriting or forming a network. The function that it returns ends that. */
export async function keepNetwork(kind: DongleKind, adapter: object, url: string): Promise<() => void> {
  if (kind === 'zstack') {
    const { ZnpAdapterManager } = await import('zigbee-herdsman/dist/adapter/z-stack/adapter/manager.js');
    const owner = ZnpAdapterManager.prototype as unknown as Record<string, unknown>;
    return guard(owner, 'beginCommissioning', url);
  }
  const ends = STEPS[kind].map(({ path, argument }) => {
    const owner = path
      .slice(0, -1)
      .reduce((at, name) => at[name] as Record<string, unknown>, adapter as Record<string, unknown>);
    return guard(owner, path.at(-1) ?? '', url, argument);
  });
  return () => {
    for (const end of ends) end();
  };
}
