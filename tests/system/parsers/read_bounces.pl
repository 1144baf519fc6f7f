#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Sisimai and Mail::DeliveryStatus::BounceParser find in bounces: a JSON object, file name => parser => [recipients].
# Reads files with LF lines, one bounce each: read_bounces.pl FILE...
use strict;
use warnings;
use JSON::PP;
use Mail::DeliveryStatus::BounceParser;
use Sisimai;

sub sisimai {
    my ($path) = @_;
    my $found = Sisimai->make($path, delivered => 1) || [];
    return [map { {
        recipient => $_->recipient->address,
        action    => $_->action,
        status    => $_->deliverystatus,
        reason    => $_->reason,
    } } @$found];
}

sub bounce_parser {
    my ($path) = @_;
    open(my $file, '<', $path) or die "$path: $!";
    my $bounce = Mail::DeliveryStatus::BounceParser->new(do { local $/; <$file> });
    return [] unless $bounce->is_bounce;
    return [map { {
        recipient => scalar $_->get('email'),
        action    => scalar $_->get('action'),
        status    => scalar $_->get('status'),
        reason    => scalar $_->get('std_reason'),
    } } $bounce->reports];
}

my %said = map { $_ => { sisimai => sisimai($_), bounce_parser => bounce_parser($_) } } @ARGV;
print JSON::PP->new->canonical->pretty->encode(\%said);
