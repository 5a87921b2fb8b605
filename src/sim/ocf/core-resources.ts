import type { CborMap } from '../../ocf/codec/cbor.ts';
import { INTERFACE, RESOURCE_TYPE } from '../../ocf/codec/ocf.ts';
import type { Behaviour } from './behaviour.ts';
import { deviceInfo, type Listed, linksFor, platformInfo, withCommon } from './discovery.ts';
import type { Resource } from './server.ts';
import type { Saved } from './store.ts';

export interface CoreParts {
  readonly saved: Saved;
  readonly behaviour: Behaviour;
  /** Where the device can be reached. */
  readonly url: () => string;
  /** The same by DTLS; undefined without security. */
  readonly secureUrl: () => string | undefined;
  /** Everything that discovery lists. */
  readonly all: () => readonly Listed[];
}

const LINKS: Listed = {
  href: '/oic/res',
  rt: [RESOURCE_TYPE.discovery],
  if: [INTERFACE.links, INTERFACE.baseline],
  observable: false,
};

/** The resources that every OCF device has: its links, the device, the platform. */
export function coreResources({ saved, behaviour, url, secureUrl, all }: CoreParts): readonly Resource[] {
  return [
    {
      ...LINKS,
      retrieve(iface, queries) {
        const found = linksFor(queries, {
          deviceId: saved.deviceId,
          endpoint: url(),
          secureEndpoint: secureUrl(),
          resources: all(),
          behaviour,
        });
        return iface === INTERFACE.baseline ? [withCommon(LINKS, { links: found })] : found;
      },
    },
    readOnly('/oic/d', RESOURCE_TYPE.device, () => deviceInfo(saved.deviceId, saved.version)),
    readOnly('/oic/p', RESOURCE_TYPE.platform, () => platformInfo(saved.platformId, saved.version)),
  ];
}

function readOnly(href: string, rt: string, show: () => CborMap): Resource {
  const listed: Listed = { href, rt: [rt], if: [INTERFACE.readOnly, INTERFACE.baseline], observable: false };
  return { ...listed, retrieve: (iface) => (iface === INTERFACE.baseline ? withCommon(listed, show()) : show()) };
}
