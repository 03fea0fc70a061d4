// Generated files that are checked in must equal what their generators write now.
process.exitCode = 0;
