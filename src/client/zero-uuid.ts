/** The uuid that stands for "none". */
export const zeroUuid = 'A'.repeat(22)
