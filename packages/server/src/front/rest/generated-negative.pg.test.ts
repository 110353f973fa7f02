import { allOperations } from '../../testing/all-operations.ts';
import { testOperations } from '../../testing/operation-tests.ts';

testOperations(allOperations());
