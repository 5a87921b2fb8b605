import { type Ev, rawOf } from '../core/events.ts';
import { hexNumber } from '../core/layout/names.ts';
import type { Log } from '../core/log.ts';
import { isBroadcast, ZIGBEE_EVENT } from '../link/zigbee/link.ts';
import { printFrame } from './codec/frame.ts';
import { IUT } from './kinds.ts';

/** Longer lines are cut for a timeline. */
const WIDTH = 200;

function nodeOf(event: Ev): string {
  const address = event.data?.['address'];
  if (event.data?.['peer'] === IUT || typeof address !== 'number') return '';
  if (isBroadcast(address)) return ' (broadcast)';
  return event.dir === 'in' ? ` (node ${hexNumber(address, 4)})` : '';
}

/** A text of an event's data; empty where there is none. */
function textOf(event: Ev, name: string): string {
  const value = event.data?.[name];
  return typeof value === 'string' ? value : '';
}

/** One line for a timeline; undefined for events that say nothing to a reader, such as the confirm of a frame that arrived. */
export function printEvent(event: Ev, _log: Log): string | undefined {
  const { data = {} } = event;
  if (event.type === ZIGBEE_EVENT.frame) {
    const note = data['note'] === undefined ? '' : ` (${textOf(event, 'note')})`;
    const line = printFrame(rawOf(event), Number(data['cluster']));
    const text = `${event.dir === 'out' ? '→' : '←'} ${line}${note}${nodeOf(event)}`;
    return text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
  }
  if (event.type === ZIGBEE_EVENT.confirm)
    return data['delivered'] === true ? undefined : `  not delivered: ${textOf(event, 'why')}`;
  if (event.type === ZIGBEE_EVENT.device) return `← device ${textOf(event, 'ieee')} ${textOf(event, 'what')}`;
  if (event.type === ZIGBEE_EVENT.zdo && event.dir === 'out') return `→ ZDO: ${textOf(event, 'what')}`;
  return undefined;
}
