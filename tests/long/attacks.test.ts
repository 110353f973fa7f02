/** All attacks of the quick suite, longer, and held to twice the neighbour's quiet time. */
process.env['ATTACK_SECONDS'] ??= '15';
process.env['ATTACK_FACTOR'] ??= '2';
await import('../attacks/attacks.test.ts');
