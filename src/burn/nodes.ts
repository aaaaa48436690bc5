// From options to nodes: expands the hostlists, pairs them, and checks every value before anything is opened.

import { homedir } from 'node:os';
import { checkDistinct, checkHostname, parseHostAddress, parseIpv4, sameNet } from '../address.js';
import { hashPassword } from '../customise/password.js';
import { checkUserName } from '../customise/settings-check.js';
import { readPublicKeys } from '../customise/ssh-key.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import type { Ipv4Address, Node, NodeUser } from '../protocol.js';
import { type CreateOptions, defaults } from './options.js';

/**
 * The nodes of a run, in the order of the host names.
 * @throws PiburnError (usage) for any value that is none, for counts that do not match and for doubles.
 */
export function planNodes(options: CreateOptions): Node[] {
  const hostnames = expandHostlist(options.hostname, '--hostname');
  for (const name of hostnames) checkHostname(name, '--hostname');
  checkDistinct(hostnames, 'host name', '--hostname');
  const addresses = planAddresses(options.ipaddr, hostnames);
  const gateway = options.gateway === undefined ? undefined : parseHostAddress(options.gateway, '--gateway');
  const dns = (options.dns ?? []).map((server) => parseHostAddress(server, '--dns'));
  if (gateway !== undefined) checkGateway(addresses, gateway);
  const user = planUser(options);
  return hostnames.map((hostname, index) => ({ hostname, dns, ...given({ ipv4: addresses[index], gateway, user }) }));
}

function planAddresses(ipaddr: string | undefined, hostnames: readonly string[]): Ipv4Address[] {
  if (ipaddr === undefined) return [];
  const addresses = expandHostlist(ipaddr, '--ipaddr').map((text) => parseIpv4(text, '--ipaddr'));
  if (addresses.length !== hostnames.length)
    throw usageError(
      'COUNT_MISMATCH',
      `--hostname gives ${count(hostnames.length, 'name')}, --ipaddr ${count(addresses.length, 'address', 'es')}`,
      { hint: 'give one address for each name' },
    );
  const texts = addresses.map(({ address }) => address);
  checkDistinct(texts, 'address', '--ipaddr');
  return addresses;
}

const count = (n: number, word: string, plural = 's'): string => `${n} ${word}${n === 1 ? '' : plural}`;

/** A gateway without a static address would have no effect, and neither would one outside the net. */
function checkGateway(addresses: readonly Ipv4Address[], gateway: string): void {
  if (addresses.length === 0)
    throw usageError('OPTION_WITHOUT_EFFECT', '--gateway has no effect without --ipaddr', {
      hint: 'give the static addresses with --ipaddr, or leave the gateway to DHCP',
    });
  if (addresses.some(({ address }) => address === gateway))
    throw usageError('GATEWAY_IS_NODE', `${gateway} is both the gateway and the address of a card`, {
      hint: 'give the gateway an address of its own',
    });
  const outside = addresses.find((net) => !sameNet(net, gateway));
  if (outside !== undefined)
    throw usageError(
      'GATEWAY_OUTSIDE_NET',
      `the gateway ${gateway} is not in the net of ${outside.address}/${outside.prefixLength}`,
      { hint: 'check --gateway, or give the prefix with the address, such as --ipaddr=10.1.1.[2-4]/16' },
    );
}

/** The user of every card; undefined when neither a key nor a password was given: then the image's own is left alone. */
function planUser(options: CreateOptions): NodeUser | undefined {
  const keys = (options.sshKeys ?? []).flatMap((value) => readPublicKeys(value, homedir()));
  if (options.user !== undefined) checkUserName(options.user, '--user');
  if (keys.length === 0 && options.password === undefined) {
    if (options.user === undefined) return undefined;
    throw usageError(
      'USER_WITHOUT_LOGIN',
      `nobody could log in as ${options.user}: there is neither a key nor a password`,
      {
        hint: 'add --sshkey=default or --passwd',
      },
    );
  }
  return {
    name: options.user ?? defaults.userName,
    authorizedKeys: [...new Set(keys)],
    ...given({ passwordHash: options.password === undefined ? undefined : hashPassword(options.password) }),
  };
}
