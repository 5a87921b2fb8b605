import type { NetworkNews } from '../codec/beacons.ts';

/** The IV index of a network and whether an IV update is in progress (Mesh Protocol 3.11.5). */
export interface IvState {
  readonly ivIndex: number;
  readonly updating: boolean;
}

/** How far ahead a beacon may be for the IV index to be recovered from it (3.11.6). */
export const IV_RECOVERY_LIMIT = 42;

/** What can happen: an authenticated beacon, or our own wish as the network's manager. */
export type IvInput =
  | { readonly kind: 'beacon'; readonly news: NetworkNews }
  | { readonly kind: 'start' }
  | { readonly kind: 'finish' };

/** The next state; `restart` when sequence numbers begin at 0 again because the sending IV index is a new one. */
export interface IvStep {
  readonly state: IvState;
  readonly restart: boolean;
  /** Why the input changed nothing although it differed from the state. */
  readonly ignored?: string;
}

/** The IV index under which PDUs are sent: during an update the old one. */
export function sendingIvIndex(state: IvState): number {
  return state.updating ? state.ivIndex - 1 : state.ivIndex;
}

/** The IV index of a received PDU with this IVI bit: the present one or the one before. */
export function receivingIvIndex(state: IvState, ivi: number): number {
  return (state.ivIndex & 1) === ivi ? state.ivIndex : Math.max(0, state.ivIndex - 1);
}

/** One transition of the IV update procedure. */
export function ivNext(state: IvState, input: IvInput): IvStep {
  switch (input.kind) {
    case 'start':
      return state.updating
        ? stay(state, 'an update is in progress')
        : go(state, { ivIndex: state.ivIndex + 1, updating: true });
    case 'finish':
      return state.updating
        ? go(state, { ivIndex: state.ivIndex, updating: false })
        : stay(state, 'no update is in progress');
    case 'beacon': {
      const { ivIndex, ivUpdate } = input.news;
      const ahead = ivIndex - state.ivIndex;
      if (ahead < 0) return stay(state, `IV index ${ivIndex} is older than ${state.ivIndex}`);
      if (ahead > IV_RECOVERY_LIMIT)
        return stay(state, `IV index ${ivIndex} is more than ${IV_RECOVERY_LIMIT} ahead of ${state.ivIndex}`);
      if (ahead === 0 && ivUpdate && !state.updating) return stay(state, 'this update is already finished');
      return go(state, { ivIndex, updating: ivUpdate });
    }
  }
}

/** Sequence numbers restart when the sending index grows, not when the state changes. */
function go(from: IvState, state: IvState): IvStep {
  return { state, restart: sendingIvIndex(state) > sendingIvIndex(from) };
}

function stay(state: IvState, ignored: string): IvStep {
  return { state, restart: false, ignored };
}
