import { below, type Random } from '../../../core/random.ts';
import { notifyPayload } from '../../../zigbee/codec/numbers.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Options } from '../options.ts';

/** What an Image Notify carries. */
export interface Notify {
  readonly payloadType: number;
  readonly queryJitter: number;
  readonly manufacturerCode?: number;
  readonly imageType?: number;
  readonly fileVersion?: number;
}

const HIGHEST_JITTER = 100;

/** Whether the client queries the server upon this notify (11.13.3). */
export function answersNotify(
  notify: Notify,
  broadcast: boolean,
  device: {
    readonly options: Options;
    readonly behaviour: Behaviour;
    readonly version: number;
    readonly random: Random;
  },
): boolean {
  const { options, behaviour, version, random } = device;
  const { payloadType, queryJitter } = notify;
  if (behaviour.deafToNotify?.includes(payloadType) === true) return false;
  if (options.notify === 'no' || (broadcast && (options.broadcast === 'no' || behaviour.deafToBroadcast === true)))
    return false;
  if (payloadType > notifyPayload.MANUFACTURER_TYPE_AND_VERSION && behaviour.takesUnknownNotify !== true) return false;
  if ((queryJitter < 1 || queryJitter > HIGHEST_JITTER) && behaviour.takesAnyJitter !== true) return false;
  const manufacturer = Number.parseInt(options.manufacturer, 16);
  const foreignMaker = notify.manufacturerCode !== undefined && notify.manufacturerCode !== manufacturer;
  const foreignType = notify.imageType !== undefined && notify.imageType !== Number.parseInt(options.imageType, 16);
  if (!broadcast && behaviour.deafToForeignNotify === true && (foreignMaker || foreignType)) return false;
  if (!broadcast) return options.foreignNotify === 'query' || !(foreignMaker || foreignType);
  if (foreignMaker && behaviour.answersForeignMaker !== true) return false;
  if (foreignType && behaviour.answersForeignType !== true) return false;
  const { fileVersion } = notify;
  if (fileVersion === version && behaviour.answersSameVersion !== true) return false;
  if (fileVersion !== undefined && fileVersion < version && behaviour.ignoresLowerVersion === true) return false;
  if (behaviour.jitter === 'ignored') return true;
  if (behaviour.jitter === 'never') return false;
  const drawn = 1 + below(random, HIGHEST_JITTER);
  // At the highest value every client answers, however it compares.
  return drawn <= queryJitter - (options.jitter === 'less' && queryJitter < HIGHEST_JITTER ? 1 : 0);
}
