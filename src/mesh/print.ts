import type { Ev } from '../core/events.ts';
import { printMeshEvent } from './log.ts';

/** Events of the mesh channel that a reader of a timeline wants to see: messages, not what carries them. */
const SHOWN: readonly string[] = [
  'mesh.access',
  'mesh.refused',
  'mesh.undelivered',
  'mesh.provisioned',
  'mesh.closed',
  'mesh.link',
  'mesh.looked',
  'mesh.say',
];
/** Longer lines are cut: chunks carry hundreds of octets. */
const WIDTH = 200;

/** One line for a timeline; undefined for events that say nothing to a reader. */
export function printEvent(event: Ev): string | undefined {
  if (event.channel === 'ble') {
    const reason = event.data?.['reason'];
    if (event.type === 'ble.connected') return '  connected';
    return event.type === 'ble.closed' ? `  connection over: ${typeof reason === 'string' ? reason : ''}` : undefined;
  }
  if (event.channel !== 'mesh' || !SHOWN.includes(event.type)) return undefined;
  const arrow = event.dir === 'out' ? '→' : event.dir === 'in' ? '←' : ' ';
  const label = event.data?.['label'];
  const name = event.type === 'mesh.access' && typeof label === 'string' ? ` (${label})` : '';
  const text = `${arrow} ${printMeshEvent(event)}${name}`;
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
}
