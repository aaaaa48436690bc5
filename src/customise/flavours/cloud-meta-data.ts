// cloud-init's meta-data: which instance this is. A new id makes cloud-init treat the card as a new machine.

import type { Node } from '../../protocol.js';
import { toYaml } from './yaml.js';

export function metaDataText(node: Node, burnId: string): { readonly instanceId: string; readonly text: string } {
  const instanceId = ['piburn', node.hostname, burnId].filter((part) => part !== '').join('-');
  return { instanceId, text: toYaml({ dsmode: 'local', 'instance-id': instanceId }) };
}
