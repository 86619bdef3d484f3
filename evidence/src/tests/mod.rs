mod archive;
mod chain;
mod mutations;
mod packages;
mod random;
mod subjects;
