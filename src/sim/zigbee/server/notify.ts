import { encodeCommand } from '../../../zigbee/codec/frame.ts';
import { notifyPayload, OTA_CLUSTER } from '../../../zigbee/codec/numbers.ts';
import { imageNotify } from '../../../zigbee/codec/ota.ts';
import { ALL_ENDPOINTS, broadcastAddress } from '../air.ts';
import type { Node } from '../node.ts';
import type { Options } from '../options.ts';
import { HOME_AUTOMATION, OTA_ENDPOINT, type Peer } from '../zcl.ts';
import type { ServerBehaviour } from './behaviour.ts';
import type { StoredImage } from './images.ts';

/** What is to be told, and to whom; to everybody where no peer is given. */
export interface NotifyOrder {
  readonly payloadType: number;
  readonly jitter: number;
  readonly to?: Peer;
}

/** Tells clients that there may be something new (11.13.3). */
export function notify(
  node: Node,
  image: StoredImage,
  { payloadType, jitter, to }: NotifyOrder,
  { options, behaviour, sequence }: { options: Options; behaviour: ServerBehaviour; sequence: number },
): void {
  const { manufacturerCode, imageType, fileVersion, upgradeFileDestination } = image.header;
  const type = behaviour.sendsNotifyType ?? payloadType;
  const value = {
    payloadType: type,
    queryJitter: behaviour.sendsJitter ?? jitter,
    ...(type >= notifyPayload.MANUFACTURER && { manufacturerCode }),
    ...(type >= notifyPayload.MANUFACTURER_AND_TYPE && { imageType }),
    ...(type === notifyPayload.MANUFACTURER_TYPE_AND_VERSION && { fileVersion }),
  };
  const byFile = options.notifyRule === 'seed003' && upgradeFileDestination === undefined;
  const everybody = to === undefined || byFile || behaviour.alwaysBroadcasts === true;
  const data = encodeCommand(imageNotify, value, { sequence, disableDefaultResponse: everybody });
  node.send({
    sourceEndpoint: OTA_ENDPOINT,
    to: { address: everybody ? broadcastAddress.RX_ON_WHEN_IDLE : to.address },
    endpoint: everybody ? ALL_ENDPOINTS : to.endpoint,
    profile: HOME_AUTOMATION,
    cluster: OTA_CLUSTER,
    data,
  });
}
