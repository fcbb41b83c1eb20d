"""Signed webhooks (Standard Webhooks): where they may lead, how they are signed, how they are sent, who gets them."""
