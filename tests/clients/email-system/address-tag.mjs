// What stands for an address on the other side: they have neither the address nor the key, and you never change the key.

import { createHmac } from 'node:crypto';

export const addressTag = (key, address) => createHmac('sha256', key).update(`email|${address.trim().toLowerCase()}`).digest('hex');
