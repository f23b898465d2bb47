/** The test of the test: each seeded bug is found, by the seeds that found it when it was put in. */
import { expect, test } from 'vitest'
import { bugs, withBug } from './bugs.ts'
import { planOf } from './plan.ts'
import { kindOf } from './shrink.ts'
import { Simulation } from './simulation.ts'
