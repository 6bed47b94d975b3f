//! hosts.allow and hosts.deny as the door is given them: whatever the files hold, the image decides
//! as the rules do that are read line by line, by the same rule, and asks for nothing else.

#[cfg(test)]
mod generate;
#[cfg(test)]
mod image;
