import { type CborValue, isCborMap } from '../../../ocf/codec/cbor.ts';
import { ACTIONS } from '../../../ocf/codec/swu.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Goal } from '../machine.ts';
import type { Resource } from '../server.ts';
import { isTransferred, type Ownership } from './ownership.ts';
import { type Common, type Fields, securityResource, uuidField } from './resource.ts';
import { DOS, type DosName, dosOf } from './states.ts';

export interface PstatParts extends Common {
  readonly behaviour: Behaviour;
  /** Update bits of the current mode. */
  readonly mode: () => number;
  /** A client has written the current mode of a wrong device. */
  readonly modeWritten: (cm: number) => void;
  readonly trigger: (goal: Goal) => void;
  readonly enter: (dos: DosName) => void;
  /** Bits that start nothing are refused, not ignored. */
  readonly refusesBits: boolean;
  readonly observe: Resource['observe'];
}

/** Operation mode that the device supports: directed by the client. */
const CLIENT_DIRECTED = 4;

/** `/oic/sec/pstat`: state of the device, mode of the update, and what starts it. */
export function pstat(parts: PstatParts): Resource {
  const { ownership } = parts;
  const whole = (value: CborValue): value is number => typeof value === 'number' && Number.isInteger(value);
  const fields: Fields = {
    om: { ok: (value) => value === CLIENT_DIRECTED, set: () => (ownership().om = CLIENT_DIRECTED) },
    rowneruuid: uuidField((uuid) => (ownership().rowners.pstat = uuid)),
    tm: {
      ok: (value) =>
        whole(value) &&
        (value === 0 || (works(ownership()) && !(goalOf(value, parts.behaviour) === undefined && parts.refusesBits))),
      set(value) {
        const goal = goalOf(value, parts.behaviour);
        if (goal !== undefined) parts.trigger(goal);
      },
    },
    ...(parts.behaviour.takesCm === undefined
      ? {}
      : { cm: { ok: whole, set: (value) => parts.modeWritten(Number(value)) } }),
    // Last, because it is judged by what the others leave behind.
    dos: {
      ok: (value) => isCborMap(value) && mayEnter(ownership(), dosOf(value['s'])),
      set: (value) => parts.enter(dosOf(isCborMap(value) ? value['s'] : undefined) ?? ownership().dos),
    },
  };
  return securityResource(
    {
      kind: 'pstat',
      fields,
      writable: () => true,
      observe: parts.observe,
      show() {
        const { dos, om, rowners } = ownership();
        return {
          dos: { p: dos === 'RESET', s: DOS[dos].s },
          cm: DOS[dos].cm | parts.mode(),
          // What was asked for is taken up at once.
          tm: 0,
          om,
          sm: CLIENT_DIRECTED,
          isop: dos === 'RFNOP',
          rowneruuid: rowners.pstat,
        };
      },
    },
    parts,
  );
}

/** Whether updates can be started in the present state. */
function works({ dos }: Ownership): boolean {
  return dos === 'RFPRO' || dos === 'RFNOP';
}

const GOALS: readonly Goal[] = ['isac', 'isvv', 'upgrade'];

/** What a target mode starts; undefined for one that means nothing. */
function goalOf(tm: CborValue, { startsByAnyBit }: Behaviour): Goal | undefined {
  return GOALS.find(
    (goal) => ACTIONS[goal].tm === tm || (startsByAnyBit === true && (Number(tm) & ACTIONS[goal].tm) > 0),
  );
}

function mayEnter(ownership: Ownership, wanted: DosName | undefined): boolean {
  const { dos } = ownership;
  if (wanted === undefined) return false;
  if (wanted === dos) return true;
  const known: readonly DosName[] = DOS[dos].next;
  return known.includes(wanted) && (dos !== 'RFOTM' || isTransferred(ownership));
}
